#include "bindings/storage/s3_changes.h"

#include "bindings/storage/s3_source.h"
#include "bindings/storage/s3_upload.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t piece_bytes = 1 << 20;
constexpr double copied_bytes_max = 5.0 * (1 << 30);  // AWS, "CopyObject".
constexpr double copied_part_bytes = 512.0 * (1 << 20);
constexpr double copied_parts_max = 10000;

// Everything that belongs to the content goes along; what is noted of a write is the copy's own.
S3Writing writing_of_copy(const S3Place& place, const Call& call, const S3Object& from,
                          const std::string& to_key) {
    S3Writing writing{.doing = "Copying \"" + from.key + "\" to \"" + to_key + "\"",
                      .key = to_key,
                      .full_key = place.prefix + to_key,
                      .headers = from.kept_headers,
                      .digest = from.sha256,
                      .mark = mark_of_write(&call)};
    if (from.part_bytes > 0)
        writing.headers.emplace_back(s3_note(s3_noted_part_bytes),
                                     std::to_string(static_cast<std::int64_t>(from.part_bytes)));
    return writing;
}

Awaitable<Result<S3Object>> copy_whole(S3Pointer s3, S3Writing writing, S3Object from,
                                       S3Bounds bounds) {
    S3Request request;
    request.doing = writing.doing;
    request.method = "PUT";
    request.key = writing.full_key;
    request.headers = copy_source_of(s3->place, from);
    const auto own = headers_of(writing);
    request.headers.insert(request.headers.end(), own.begin(), own.end());
    request.headers.emplace_back("x-amz-metadata-directive", "REPLACE");
    request.answer = "CopyObjectResult";
    auto sending = send_s3(s3, std::move(request), bounds);
    const auto answer = co_await sending;
    if (!answer && answer.error().retry != Retry::unknown) co_return answer.error();
    auto looking = find_written(s3, &writing, bounds);
    auto found = co_await looking;
    if (found && *found) co_return std::move(**found);
    if (!answer) co_return answer.error();
    S3Object made = std::move(from);
    made.key = writing.key;
    made.etag = plain_etag(answer->xml.at("ETag"));
    made.version = answer->header("x-amz-version-id");
    made.call = writing.mark;
    if (const auto at = parse_time(answer->xml.at("LastModified"))) made.modified_at_s = *at;
    co_return made;
}

Awaitable<Result<S3Object>> copy_in_parts(S3Pointer s3, S3Writing writing, Call* call,
                                          S3Object from, S3Bounds bounds) {
    auto beginning = S3Upload::begin(s3, std::move(writing), call, bounds);
    const auto upload = co_await beginning;
    if (!upload) co_return upload.error();
    const double part_bytes = std::max(copied_part_bytes, from.size_bytes / copied_parts_max + 1);
    std::optional<Error> failed;
    int number = 0;
    for (double first = 0; first < from.size_bytes && !failed; first += part_bytes) {
        const double last = std::min(first + part_bytes, from.size_bytes) - 1;
        auto copying = (*upload)->copy(++number, &from, first, last, bounds);
        const auto copied = co_await copying;
        if (!copied) failed = copied.error();
    }
    if (!failed) {
        auto completing = (*upload)->complete(number, bounds);
        auto made = co_await completing;
        if (made) co_return made;
        failed = made.error();
    }
    if (failed->retry != Retry::unknown) {
        auto aborting = (*upload)->abort(bounds);
        co_await aborting;
    }
    co_return *failed;
}

}  // namespace

bool is_written_by(const std::optional<S3Object>& object, const Call& call) {
    return object && !call.key.empty() && object->call.starts_with(call.key + ".");
}

bool is_same_object(const S3Object& one, const S3Object& other) {
    if (one.content_type != other.content_type || one.size_bytes != other.size_bytes) return false;
    if (!one.sha256.empty() && !other.sha256.empty()) return one.sha256 == other.sha256;
    return !one.etag.empty() && one.etag == other.etag;
}

std::string kept_version(const Value& before, const std::string& written) {
    const std::string& previous = before["version"].text();
    const bool adds = !written.empty() && written != "null";
    return adds || previous != "null" ? previous : "";
}

Outcome s3_written(const S3Object& now, const Value& before, const std::string& digest) {
    Value result = now.to_value().set("changed", true);
    if (!digest.empty()) result.set("digest", digest);
    const std::string kept = kept_version(before, now.version);
    if (!kept.empty()) result.set("previous_version", kept);
    return Outcome::done(std::move(result), now.to_state());
}

std::optional<Restore> restore_s3_object(const std::string& key, const Value& before,
                                         const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    Value arguments;
    arguments.set("key", key);
    if (before["absent"].boolean()) return Restore{"delete", arguments};
    // Without the old content there is nothing to put back: the row says so.
    if (!result.has("previous_version")) return std::nullopt;
    arguments.set("version", result["previous_version"]);
    return Restore{"restore_version", arguments};
}

std::string show_replaced(const std::optional<S3Object>& from, double to_bytes) {
    if (!from) return show_size(to_bytes);
    return show_size(from->size_bytes) + " → " + show_size(to_bytes);
}

Result<std::string> digest_content(S3Pointer s3, const std::string& key, const std::string& version,
                                   const std::string& algorithm, S3Bounds bounds) {
    auto source = S3Source::open(std::move(s3), key, version, std::move(bounds));
    if (!source) return source.error();
    Digest digest(algorithm.c_str());
    for (;;) {
        const auto piece = (*source)->read(piece_bytes);
        if (!piece) return piece.error();
        if (piece->empty()) return to_hex(digest.finish());
        digest.add(*piece);
    }
}

Awaitable<Result<std::string>> digest_of_s3(S3Pointer s3, S3Object object, S3Bounds bounds) {
    if (!object.sha256.empty()) co_return object.sha256;
    auto reading = off_loop<Result<std::string>>(s3->services->loop, [s3, object, bounds] {
        return digest_content(s3, object.key, object.version, "sha256", bounds);
    });
    auto digest = co_await reading;
    co_return digest;
}

Awaitable<Result<S3Object>> copy_s3(S3Pointer s3, Call* call, S3Object from, std::string to_key,
                                    S3Bounds bounds) {
    auto looking = head_s3(s3, to_key, "", bounds);
    auto found = co_await looking;
    if (!found) co_return found.error();
    if (is_written_by(*found, *call)) co_return std::move(**found);
    S3Writing writing = writing_of_copy(s3->place, *call, from, to_key);
    if (from.size_bytes > copied_bytes_max) {
        auto copying = copy_in_parts(s3, std::move(writing), call, std::move(from), bounds);
        auto copied = co_await copying;
        co_return copied;
    }
    auto copying = copy_whole(s3, std::move(writing), std::move(from), bounds);
    auto copied = co_await copying;
    co_return copied;
}

}  // namespace perilune
