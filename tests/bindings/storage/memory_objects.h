// A storage target in memory for tests, that can lose, cut or damage what it holds.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "interpreter/base/digest.h"
#include "interpreter/base/driver.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/stream.h"

namespace perilune::test {

class MemoryObjects final : public ObjectPort, public std::enable_shared_from_this<MemoryObjects> {
public:
    bool states_digests = true;     // False: as a provider that knows none.
    double fails_after_bytes = -1;  // Writing more raises an error; negative: never.

    void put(const std::string& key, std::string bytes) {
        const std::lock_guard lock(mutex_);
        objects_[key] = std::move(bytes);
    }
    std::string get(const std::string& key) {
        const std::lock_guard lock(mutex_);
        const auto found = objects_.find(key);
        return found == objects_.end() ? "" : found->second;
    }
    std::size_t count() {
        const std::lock_guard lock(mutex_);
        return objects_.size();
    }

    Result<std::unique_ptr<ByteSink>> write_object(const std::string& key) override {
        return std::unique_ptr<ByteSink>(std::make_unique<Sink>(shared_from_this(), key));
    }
    Result<std::unique_ptr<ByteSource>> read_object(const std::string& key) override {
        const std::lock_guard lock(mutex_);
        if (!objects_.contains(key)) return fail("not_found", "There is no object " + key + ".");
        return std::unique_ptr<ByteSource>(std::make_unique<Source>(objects_[key]));
    }
    Result<Value> list_objects(const std::string& prefix) override {
        const std::lock_guard lock(mutex_);
        List listed;
        for (const auto& [key, bytes] : objects_)
            if (key.starts_with(prefix)) listed.push_back(describe(key, bytes));
        return Value(std::move(listed));
    }
    Result<Value> head_object(const std::string& key) override {
        const std::lock_guard lock(mutex_);
        const auto found = objects_.find(key);
        return found == objects_.end() ? Value() : describe(key, found->second);
    }
    Status delete_object(const std::string& key) override {
        const std::lock_guard lock(mutex_);
        objects_.erase(key);
        return Done{};
    }

private:
    struct Sink final : ByteSink {
        Sink(std::shared_ptr<MemoryObjects> objects, std::string to)
            : store(std::move(objects)), key(std::move(to)) {}
        Status write(std::string_view piece) override {
            bytes.append(piece);
            const double limit = store->fails_after_bytes;
            if (limit >= 0 && static_cast<double>(bytes.size()) > limit)
                return fail("connection_lost", "The storage went away.", Retry::unknown);
            return Done{};
        }
        Result<Value> commit() override {
            store->put(key, bytes);
            return store->head_object(key);
        }
        void abandon() override { bytes.clear(); }
        std::shared_ptr<MemoryObjects> store;
        std::string key;
        std::string bytes;
    };
    struct Source final : ByteSource {
        explicit Source(std::string held) : bytes(std::move(held)) {}
        Result<std::string> read(std::size_t bytes_max) override {
            std::string piece = bytes.substr(at, bytes_max);
            at += piece.size();
            return piece;
        }
        std::string bytes;
        std::size_t at = 0;
    };

    Value describe(const std::string& key, const std::string& bytes) const {
        Value object;
        object.set("key", key).set("size_bytes", static_cast<double>(bytes.size()));
        if (states_digests) object.set("digest", to_hex(sha256(bytes)));
        return object.set("modified_at", wall_now_s()).set("content_type", "text/plain");
    }

    std::mutex mutex_;
    std::map<std::string, std::string> objects_;
};

// A driver that is nothing but its objects.
inline Driver memory_driver(const std::shared_ptr<MemoryObjects>& objects) {
    Driver driver;
    driver.objects = objects;
    return driver;
}

}  // namespace perilune::test
