#include "bindings/storage/s3_source.h"

#include <chrono>

#include "interpreter/base/do_many.h"

namespace perilune {

namespace {

constexpr double describe_within_s = 60;
constexpr auto stop_looked_at_every = std::chrono::milliseconds(50);
constexpr double range_bytes = 4 << 20;
constexpr double range_within_s = 600;  // All of its tries.

}  // namespace

struct S3Source::Ranges : std::enable_shared_from_this<Ranges> {
    S3Pointer s3;
    S3Object object;
    std::string full_key;
    S3Bounds bounds;

    std::mutex mutex;
    std::condition_variable changed;
    std::map<double, Result<std::string>> arrived;  // By offset.
    std::map<double, std::shared_ptr<Cancel>> under_way;
    double wanted_at = 0;  // Of the next range to be given.
    double asked_to = 0;   // Where the next request begins.
    bool stopped = false;

    double bytes_at(double offset) const {
        return std::min(range_bytes, object.size_bytes - offset);
    }

    // With the mutex held: asks for as many ranges as may be under way or waiting to be given.
    void ask_more() {
        while (!stopped && asked_to < object.size_bytes &&
               under_way.size() + arrived.size() < s3->place.at_once) {
            const auto cancel = std::make_shared<Cancel>();
            under_way.emplace(asked_to, cancel);
            s3->services->loop.post([self = shared_from_this(), offset = asked_to, cancel] {
                start_task(self->fetch(offset, cancel), [self, offset](Result<std::string> got) {
                    self->arrive(offset, std::move(got));
                });
            });
            asked_to += bytes_at(asked_to);
        }
    }

    void arrive(double offset, Result<std::string> got) {
        const std::lock_guard guard(mutex);
        under_way.erase(offset);
        if (!stopped) arrived.emplace(offset, std::move(got));
        changed.notify_all();
    }

    Awaitable<Result<std::string>> fetch(double offset, std::shared_ptr<Cancel> cancel) {
        const double length = bytes_at(offset);
        S3Request request;
        request.doing = "Reading \"" + object.key + "\"";
        request.key = full_key;
        request.body_max = static_cast<std::size_t>(length);
        if (!object.etag.empty()) request.headers.emplace_back("If-Match", '"' + object.etag + '"');
        if (!object.version.empty()) request.query.emplace_back("versionId", object.version);
        if (length < object.size_bytes)
            request.headers.emplace_back(
                "Range", "bytes=" + std::to_string(static_cast<std::int64_t>(offset)) + "-" +
                             std::to_string(static_cast<std::int64_t>(offset + length) - 1));
        const S3Bounds own{.deadline_s = std::min(boot_now_s() + range_within_s, bounds.deadline_s),
                           .cancel = cancel};
        auto asking = send_s3_patiently(s3, std::move(request), own);
        auto answer = co_await asking;
        if (!answer) {
            Error error = answer.error();
            if (error.code == "precondition_failed") error.code = "changed_meanwhile";
            co_return error;
        }
        if (static_cast<double>(answer->body.size()) != length)
            co_return fail("bad_answer",
                           "Reading \"" + object.key + "\" of " + s3->place.target +
                               ": the service gave another range than was asked for.",
                           Retry::safe);
        co_return std::move(answer->body);
    }
};

Result<std::unique_ptr<S3Source>> S3Source::open(S3Pointer s3, const std::string& key,
                                                 const std::string& version, S3Bounds bounds) {
    const S3Bounds own{.deadline_s = std::min(boot_now_s() + describe_within_s, bounds.deadline_s),
                       .cancel = std::make_shared<Cancel>()};
    using Found = Result<std::optional<S3Object>>;
    auto found =
        wait_on_loop<Found>(s3->services->loop, [&] { return head_s3(s3, key, version, own); });
    if (!found) return found.error();
    if (!*found)
        return fail("not_found", "Reading \"" + key + "\" of " + s3->place.target +
                                     ": there is no such object" +
                                     (version.empty() ? "." : " or version."));
    const auto ranges = std::make_shared<Ranges>();
    ranges->object = std::move(**found);
    ranges->full_key = s3->place.prefix + key;
    ranges->bounds = std::move(bounds);
    S3Check check(s3->place, ranges->object);
    ranges->s3 = std::move(s3);
    return std::unique_ptr<S3Source>(new S3Source(ranges, std::move(check)));
}

S3Source::S3Source(std::shared_ptr<Ranges> ranges, S3Check check)
    : ranges_(std::move(ranges)), check_(std::move(check)) {}

// What is under way is told to stop and not waited for: it holds the ranges itself.
S3Source::~S3Source() {
    const std::lock_guard guard(ranges_->mutex);
    ranges_->stopped = true;
    ranges_->arrived.clear();
    for (const auto& [offset, cancel] : ranges_->under_way)
        ranges_->s3->services->loop.post([cancel] { cancel->ask(); });
}

const S3Object& S3Source::object() const { return ranges_->object; }

Result<std::string> S3Source::read(std::size_t bytes_max) {
    if (given_ == range_.size() && ranges_->wanted_at < ranges_->object.size_bytes) {
        range_.clear();
        given_ = 0;
        std::unique_lock guard(ranges_->mutex);
        ranges_->ask_more();
        const auto arrived = [this] { return ranges_->arrived.contains(ranges_->wanted_at); };
        do {
            if (ranges_->bounds.cancel->asked())
                return fail("cancelled", "Reading \"" + object().key + "\" was told to stop.",
                            Retry::safe);
        } while (!ranges_->changed.wait_for(guard, stop_looked_at_every, arrived));
        auto node = ranges_->arrived.extract(ranges_->wanted_at);
        ranges_->ask_more();
        guard.unlock();
        if (!node.mapped()) {
            ranges_->wanted_at = ranges_->object.size_bytes;
            ended_ = true;
            return node.mapped().error();
        }
        range_ = std::move(*node.mapped());
        ranges_->wanted_at += static_cast<double>(range_.size());
        check_.add(range_);
    }
    if (given_ < range_.size()) {
        std::string piece = range_.substr(given_, bytes_max);
        given_ += piece.size();
        return piece;
    }
    if (!ended_) {
        ended_ = true;
        if (const auto whole = check_.finish(); !whole) return whole.error();
    }
    return std::string();
}

}  // namespace perilune
