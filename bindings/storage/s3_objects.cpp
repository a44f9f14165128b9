#include "bindings/storage/s3_objects.h"

#include <map>

#include "bindings/storage/s3_list.h"
#include "bindings/storage/s3_sink.h"
#include "bindings/storage/s3_source.h"
#include "interpreter/base/do_many.h"

namespace perilune {

namespace {

constexpr double request_within_s = 60;
constexpr double listing_within_s = 3600;
constexpr double stream_within_s = 7 * 86400;

S3Bounds bounds_within(double seconds) {
    return {.deadline_s = boot_now_s() + seconds, .cancel = std::make_shared<Cancel>()};
}

}  // namespace

Result<std::unique_ptr<ByteSink>> S3Objects::write_object(const std::string& key) {
    return begin_object({.key = key});
}

Result<std::unique_ptr<ByteSink>> S3Objects::begin_object(const ObjectOutline& outline) {
    auto full = s3_->place.full_key(outline.key);
    if (!full) return full.error();
    S3Writing writing{.doing = "Writing \"" + outline.key + "\"",
                      .key = outline.key,
                      .full_key = std::move(*full),
                      .digest = outline.digest,
                      .mark = mark_of_write(outline.call)};
    writing.headers.emplace_back("content-type", outline.content_type.empty()
                                                     ? s3_plain_content_type
                                                     : outline.content_type);
    return std::unique_ptr<ByteSink>(std::make_unique<S3Sink>(s3_, std::move(writing), outline));
}

Result<std::unique_ptr<ByteSource>> S3Objects::read_object(const std::string& key) {
    auto source = S3Source::open(s3_, key, "", bounds_within(stream_within_s));
    if (!source) return source.error();
    return std::unique_ptr<ByteSource>(std::move(*source));
}

Result<Value> S3Objects::list_objects(const std::string& prefix) {
    const auto listed = wait_on_loop<Result<std::vector<S3Object>>>(s3_->services->loop, [&] {
        S3ListWish wish{.prefix = prefix};
        return list_s3(s3_, std::move(wish), bounds_within(listing_within_s));
    });
    if (!listed) return listed.error();
    List objects;
    for (const auto& object : *listed) objects.push_back(object.to_value());
    return Value(std::move(objects));
}

Result<Value> S3Objects::head_object(const std::string& key) {
    const auto found = wait_on_loop<Result<std::optional<S3Object>>>(s3_->services->loop, [&] {
        return head_s3(s3_, key, "", bounds_within(request_within_s));
    });
    if (!found) return found.error();
    return *found ? (*found)->to_value() : Value();
}

// What was deleted since the listing stays as it was listed.
Result<List> S3Objects::describe_objects(List listed) {
    std::vector<S3Object> objects(listed.size());
    for (std::size_t i = 0; i < listed.size(); ++i) objects[i].key = listed[i]["key"].text();
    const auto described = wait_on_loop<Result<std::vector<S3Object>>>(s3_->services->loop, [&] {
        return describe_s3(s3_, objects, bounds_within(listing_within_s));
    });
    if (!described) return described.error();
    std::map<std::string, Value> by_key;
    for (const auto& object : *described) by_key[object.key] = object.to_value();
    for (auto& object : listed) {
        const auto found = by_key.find(object["key"].text());
        if (found != by_key.end()) object = found->second;
    }
    return listed;
}

Status S3Objects::delete_object(const std::string& key) {
    const auto full = s3_->place.full_key(key);
    if (!full) return full.error();
    const auto answer = wait_on_loop<Result<S3Answer>>(s3_->services->loop, [&] {
        S3Request request;
        request.doing = "Deleting \"" + key + "\"";
        request.method = "DELETE";
        request.key = *full;
        return send_s3_patiently(s3_, std::move(request), bounds_within(request_within_s));
    });
    if (!answer && answer.error().code != "not_found") return answer.error();
    return Done{};
}

}  // namespace perilune
