// Uploads into a bucket in memory: whole, abandoned, cut, or let go of by a host that died.
#include "bindings/storage/simulated_bucket.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

class UploadSink final : public ByteSink {
public:
    UploadSink(std::shared_ptr<BucketState> state, Placing placing)
        : state_(std::move(state)), placing_(std::move(placing)), id_(++state_->last_upload) {
        state_->uploads[id_] = {.key = placing_.key, .written_at_s = wall_now_s()};
    }

    Status write(std::string_view bytes) override {
        if (const auto refused = state_->refusal()) return *refused;
        const auto upload = state_->uploads.find(id_);
        if (upload == state_->uploads.end()) return ended();
        if (upload->second.cut) return lost();
        upload->second.bytes.append(bytes);
        upload->second.written_at_s = wall_now_s();
        const double limit = state_->cut_after_bytes;
        if (limit < 0 || static_cast<double>(upload->second.bytes.size()) <= limit) return Done{};
        upload->second.bytes.resize(static_cast<std::size_t>(limit));
        upload->second.cut = true;
        state_->cut_after_bytes = -1;
        return lost();
    }

    Result<Value> commit() override {
        if (const auto refused = state_->refusal()) return *refused;
        const auto upload = state_->uploads.find(id_);
        if (upload == state_->uploads.end()) return ended();
        if (upload->second.cut) return lost();
        std::string bytes = std::move(upload->second.bytes);
        state_->uploads.erase(upload);
        const auto placed = place_in(*state_, std::move(bytes), placing_);
        if (!placed) return placed.error();
        return placed->version.to_value();
    }

    // What was cut, or cannot be reached, is left: nobody hears that it is given up.
    void abandon() override {
        const auto upload = state_->uploads.find(id_);
        if (upload == state_->uploads.end() || upload->second.cut || !state_->answers) return;
        state_->uploads.erase(upload);
    }

private:
    Error ended() const {
        return fail("stream_ended", "The stream into \"" + placing_.key + "\" of " +
                                        state_->target +
                                        " was committed or abandoned; start another one.");
    }
    Error lost() const {
        return fail("connection_lost",
                    "The connection to " + state_->target + " was lost while \"" + placing_.key +
                        "\" was written.",
                    Retry::unknown);
    }

    std::shared_ptr<BucketState> state_;
    Placing placing_;
    std::uint64_t id_;
};

}  // namespace

std::unique_ptr<ByteSink> begin_upload(std::shared_ptr<BucketState> state, const Placing& placing) {
    return std::make_unique<UploadSink>(std::move(state), placing);
}

}  // namespace perilune
