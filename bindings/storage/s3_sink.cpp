#include "bindings/storage/s3_sink.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "interpreter/base/do_many.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double parts_max = 10000;  // AWS, "Amazon S3 multipart upload limits".
constexpr double request_within_s = 600;
constexpr double abort_within_s = 30;
constexpr auto stop_looked_at_every = std::chrono::milliseconds(50);
constexpr std::size_t grown_at_bytes = 1 << 20;

// All parts but the last have one size (R2 takes no other uploads), so it is chosen at the start.
std::size_t part_bytes_for(const S3Place& place, double size_bytes) {
    const double needed = std::ceil(std::max(size_bytes, 0.0) / parts_max);
    return std::max(place.part_bytes, static_cast<std::size_t>(needed));
}

}  // namespace

struct S3Sink::Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::set<std::shared_ptr<Cancel>> under_way;
    std::vector<std::string> spare;  // Buffers of parts that have left, to be filled again.
    std::optional<Error> failed;
};

S3Sink::S3Sink(S3Pointer s3, S3Writing writing, const ObjectOutline& outline)
    : s3_(std::move(s3)),
      writing_(std::move(writing)),
      outline_(outline),
      part_bytes_(part_bytes_for(s3_->place, outline.size_bytes)),
      shared_(std::make_shared<Shared>()) {}

S3Sink::~S3Sink() {
    if (!ended_) abandon();
}

// No request outlives the call that it is made for.
S3Bounds S3Sink::bounds() const {
    S3Bounds made;
    if (outline_.call) made.may_act = outline_.call->may_act;
    made.deadline_s = boot_now_s() + request_within_s;
    if (outline_.call && outline_.call->deadline_s > 0)
        made.deadline_s = std::min(made.deadline_s, outline_.call->deadline_s);
    made.cancel = std::make_shared<Cancel>();
    return made;
}

Error S3Sink::ended() const {
    return fail("stream_ended", "The stream into \"" + writing_.key + "\" of " + s3_->place.target +
                                    " was committed or abandoned; start another one.");
}

Status S3Sink::write(std::string_view bytes) {
    if (ended_) return ended();
    digest_.add(bytes);
    written_bytes_ += static_cast<double>(bytes.size());
    while (!bytes.empty()) {
        if (filling_.size() == part_bytes_)
            if (const auto sent = send_part(); !sent) return sent;
        const auto piece = bytes.substr(0, part_bytes_ - filling_.size());
        // A part is allotted at once; what stays small takes no more than it has.
        if (filling_.size() + piece.size() > grown_at_bytes) filling_.reserve(part_bytes_);
        filling_ += piece;
        bytes.remove_prefix(piece.size());
    }
    return Done{};
}

// With at most that many parts under way; an error as soon as any has failed.
Status S3Sink::wait_for_parts(std::size_t under_way_max) {
    std::unique_lock guard(shared_->mutex);
    const auto ready = [&] {
        return shared_->failed || shared_->under_way.size() <= under_way_max;
    };
    do {
        if (outline_.call && outline_.call->cancel->asked())
            return fail("cancelled", "Writing \"" + writing_.key + "\" was told to stop.",
                        Retry::safe);
    } while (!shared_->changed.wait_for(guard, stop_looked_at_every, ready));
    if (shared_->failed) return *shared_->failed;
    return Done{};
}

Status S3Sink::send_part() {
    if (parts_ == parts_max)
        return fail("too_large", "Writing \"" + writing_.key + "\" to " + s3_->place.target +
                                     ": it has more than 10,000 parts of " +
                                     show_size(static_cast<double>(part_bytes_)) +
                                     ". Give the target a larger part_size.");
    Loop& loop = s3_->services->loop;
    if (!upload_) {
        writing_.headers.emplace_back(s3_note(s3_noted_part_bytes), std::to_string(part_bytes_));
        using Begun = Result<std::shared_ptr<S3Upload>>;
        const auto begun = wait_on_loop<Begun>(
            loop, [this] { return S3Upload::begin(s3_, writing_, outline_.call, bounds()); });
        if (!begun) return begun.error();
        upload_ = *begun;
    }
    if (const auto room = wait_for_parts(s3_->place.at_once - 1); !room) return room;
    const auto bytes = std::make_shared<std::string>(std::move(filling_));
    filling_ = {};
    const S3Bounds own = bounds();
    {
        const std::lock_guard guard(shared_->mutex);
        shared_->under_way.insert(own.cancel);
        if (!shared_->spare.empty()) {
            filling_ = std::move(shared_->spare.back());
            shared_->spare.pop_back();
        }
    }
    loop.post([upload = upload_, shared = shared_, number = ++parts_, bytes, own] {
        start_task(upload->send(number, bytes, own),
                   [shared, own, upload, bytes](const Status& sent) {
                       const std::lock_guard guard(shared->mutex);
                       shared->under_way.erase(own.cancel);
                       bytes->clear();
                       shared->spare.push_back(std::move(*bytes));
                       if (!sent && !shared->failed) shared->failed = sent.error();
                       shared->changed.notify_all();
                   });
    });
    return Done{};
}

Result<S3Object> S3Sink::finish() {
    Loop& loop = s3_->services->loop;
    if (parts_ == 0)
        return wait_on_loop<Result<S3Object>>(
            loop, [this] { return put_s3(s3_, writing_, filling_, bounds(), S3Tries::several); });
    if (!filling_.empty())
        if (const auto sent = send_part(); !sent) return sent.error();
    if (const auto sent = wait_for_parts(0); !sent) return sent.error();
    return wait_on_loop<Result<S3Object>>(loop,
                                          [this] { return upload_->complete(parts_, bounds()); });
}

Result<Value> S3Sink::commit() {
    if (ended_) return ended();
    const std::string digest = to_hex(digest_.finish());
    if (!outline_.digest.empty() && digest != outline_.digest) {
        abandon();
        return fail("changed_meanwhile",
                    "Writing \"" + writing_.key + "\" to " + s3_->place.target +
                        ": what came has the digest " + digest + " and not " + outline_.digest +
                        ", which was announced. Nothing was written. Copy it again.",
                    Retry::safe);
    }
    if (parts_ == 0) writing_.digest = digest;
    const auto made = finish();
    if (!made) {
        // Where the last answer was lost, the upload may be complete: a later try of the call
        // looks.
        if (made.error().retry != Retry::unknown || !outline_.call) abandon();
        ended_ = true;
        return made.error();
    }
    ended_ = true;
    if (made->size_bytes != written_bytes_)
        return fail("damaged", "Writing \"" + writing_.key + "\" to " + s3_->place.target + ": " +
                                   show_size(written_bytes_) + " were sent, but the object has " +
                                   show_size(made->size_bytes) + ". Write it again.");
    return made->to_value().set("digest", digest);
}

void S3Sink::abandon() {
    if (std::exchange(ended_, true) || !upload_) return;
    Loop& loop = s3_->services->loop;
    {
        std::unique_lock guard(shared_->mutex);
        for (const auto& cancel : shared_->under_way) loop.post([cancel] { cancel->ask(); });
        // A part that lands after the end would be kept, and paid for.
        shared_->changed.wait(guard, [this] { return shared_->under_way.empty(); });
    }
    // The call's own time may be over; what was sent would be kept, and paid for.
    S3Bounds last = bounds();
    last.deadline_s = boot_now_s() + abort_within_s;
    wait_on_loop<Status>(loop, [this, &last] { return upload_->abort(last); });
}

}  // namespace perilune
