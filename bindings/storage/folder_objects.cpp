#include "bindings/storage/folder_objects.h"

#include <cerrno>
#include <cstring>
#include <limits>

#include <unistd.h>

#include "bindings/storage/object_key.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

// How long a stream's end waits for another process that changes names in the same folder.
constexpr double lock_within_s = 60;

class FolderSink final : public ByteSink {
public:
    FolderSink(std::shared_ptr<const FolderStore> store, std::unique_ptr<Incoming> incoming,
               std::string key)
        : store_(std::move(store)), incoming_(std::move(incoming)), key_(std::move(key)) {}

    Status write(std::string_view bytes) override {
        if (!incoming_) return ended();
        return incoming_->write(bytes);
    }

    Result<Value> commit() override {
        if (!incoming_) return ended();
        const auto incoming = std::move(incoming_);
        if (const auto finished = incoming->finish(); !finished) return finished.error();
        Placing placing;
        placing.key = key_;
        placing.content_type = plain_content_type;
        const auto placed = store_->place(*incoming, placing, boot_now_s() + lock_within_s);
        if (!placed) return placed.error();
        return placed->version.to_value();
    }

    void abandon() override { incoming_.reset(); }

private:
    Error ended() const {
        return fail("stream_ended", "The stream into \"" + key_ + "\" of " + store_->target() +
                                        " was committed or abandoned; start another one.");
    }

    std::shared_ptr<const FolderStore> store_;
    std::unique_ptr<Incoming> incoming_;
    std::string key_;
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

FolderObjects::FolderObjects(std::shared_ptr<const FolderStore> store) : store_(std::move(store)) {}

Result<std::unique_ptr<ByteSink>> FolderObjects::write_object(const std::string& key) {
    if (const auto checked = check_key(key, store_->target()); !checked) return checked.error();
    auto incoming = store_->start();
    if (!incoming) return incoming.error();
    return std::unique_ptr<ByteSink>(
        std::make_unique<FolderSink>(store_, std::move(*incoming), key));
}

Result<std::unique_ptr<ByteSource>> FolderObjects::read_object(const std::string& key) {
    auto content = store_->open(key, "");
    if (!content) return content.error();
    if (!*content)
        return fail("not_found", "Reading \"" + key + "\" of " + store_->target() +
                                     ": there is no such object.");
    return std::unique_ptr<ByteSource>(
        std::make_unique<FolderSource>(std::move(**content), store_->target()));
}

Result<Value> FolderObjects::list_objects(const std::string& prefix) {
    const auto listed = store_->list(prefix, "", std::numeric_limits<std::size_t>::max());
    if (!listed) return listed.error();
    List objects;
    for (const auto& version : *listed) objects.push_back(version.to_value());
    return Value(std::move(objects));
}

Result<Value> FolderObjects::head_object(const std::string& key) {
    const auto found = store_->current(key);
    if (!found) return found.error();
    return *found ? (*found)->to_value() : Value();
}

Status FolderObjects::delete_object(const std::string& key) {
    const auto removed = store_->remove(key, "", boot_now_s() + lock_within_s);
    if (!removed) return removed.error();
    return Done{};
}

}  // namespace perilune
