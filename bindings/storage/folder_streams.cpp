// A folder's contents on their way in and out.
#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "bindings/storage/folder_store.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

// How long a stream's end waits for another process that changes names in the same folder.
constexpr double lock_within_s = 60;

class FolderSink final : public ByteSink {
public:
    FolderSink(std::shared_ptr<const FolderStore> store, std::unique_ptr<Incoming> incoming,
               Placing placing)
        : store_(std::move(store)), incoming_(std::move(incoming)), placing_(std::move(placing)) {}

    Status write(std::string_view bytes) override {
        if (!incoming_) return ended();
        return incoming_->write(bytes);
    }

    Result<Value> commit() override {
        if (!incoming_) return ended();
        const auto incoming = std::move(incoming_);
        if (const auto finished = incoming->finish(); !finished) return finished.error();
        const auto placed = store_->place(*incoming, placing_, boot_now_s() + lock_within_s);
        if (!placed) return placed.error();
        return placed->version.to_value();
    }

    void abandon() override { incoming_.reset(); }

private:
    Error ended() const {
        return fail("stream_ended", "The stream into \"" + placing_.key + "\" of " +
                                        store_->target() +
                                        " was committed or abandoned; start another one.");
    }

    std::shared_ptr<const FolderStore> store_;
    std::unique_ptr<Incoming> incoming_;
    Placing placing_;
};

class FolderSource final : public ByteSource {
public:
    FolderSource(Content content, std::string target)
        : content_(std::move(content)), target_(std::move(target)) {}

    Result<std::string> read(std::size_t bytes_max) override {
        std::string piece(bytes_max, '\0');
        for (;;) {
            const auto got = ::read(content_.file.get(), piece.data(), piece.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0)
                return fail("file_failed", "Reading \"" + content_.version.key + "\" of " +
                                               target_ + ": " + std::strerror(errno) + ".");
            piece.resize(static_cast<std::size_t>(got));
            return piece;
        }
    }

private:
    Content content_;
    std::string target_;
};

}  // namespace

Result<std::optional<StoredContent>> FolderStore::read(const std::string& key,
                                                       const std::string& version) const {
    auto content = open(key, version);
    if (!content) return content.error();
    std::optional<StoredContent> stored;
    if (!*content) return stored;
    stored.emplace();
    stored->version = (*content)->version;
    stored->bytes = std::make_unique<FolderSource>(std::move(**content), target_);
    return stored;
}

Result<Placed> FolderStore::put(std::string_view bytes, const Placing& placing,
                                double deadline_s) const {
    const auto incoming = start();
    if (!incoming) return incoming.error();
    if (const auto written = (*incoming)->write(bytes); !written) return written.error();
    if (const auto finished = (*incoming)->finish(); !finished) return finished.error();
    return place(**incoming, placing, deadline_s);
}

Result<std::optional<Placed>> FolderStore::copy(const std::string& key, const std::string& version,
                                                const Placing& placing, double deadline_s) const {
    const auto content = open(key, version);
    if (!content) return content.error();
    if (!*content) return std::optional<Placed>();
    const auto incoming = start();
    if (!incoming) return incoming.error();
    const auto copied = (*incoming)->write_from((*content)->file.get());
    if (!copied) return copied.error();
    if (const auto finished = (*incoming)->finish(); !finished) return finished.error();
    Placing placed_as = placing;
    placed_as.content_type = (*content)->version.content_type;
    auto placed = place(**incoming, placed_as, deadline_s);
    if (!placed) return placed.error();
    return std::optional<Placed>(std::move(*placed));
}

Result<std::unique_ptr<ByteSink>> FolderStore::begin(const Placing& placing) const {
    auto incoming = start();
    if (!incoming) return incoming.error();
    return std::unique_ptr<ByteSink>(
        std::make_unique<FolderSink>(shared_from_this(), std::move(*incoming), placing));
}

}  // namespace perilune
