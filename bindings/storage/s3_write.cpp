#include "bindings/storage/s3_write.h"

#include "bindings/storage/s3_errors.h"
#include "interpreter/base/aws_signature.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

constexpr int tries_max = 6;
constexpr double pause_first_s = 0.1;
constexpr std::size_t mark_bytes = 8;

S3Request put_request(const S3Place& place, const S3Writing& writing, std::string_view bytes) {
    S3Request request;
    request.doing = writing.doing;
    request.method = "PUT";
    request.key = writing.full_key;
    request.headers = headers_of(writing);
    request.headers.insert(request.headers.end(), writing.conditions.begin(),
                           writing.conditions.end());
    request.lent = bytes;
    request.payload = writing.digest;
    if (place.sends_checksums)
        request.headers.emplace_back("x-amz-checksum-sha256", to_base64(from_hex(writing.digest)));
    return request;
}

// What the answer to a PUT tells of the object that it made.
S3Object written_object(const S3Writing& writing, const S3Answer& answer, std::string_view bytes) {
    S3Object object;
    object.key = writing.key;
    object.size_bytes = static_cast<double>(bytes.size());
    object.modified_at_s = read_http_date(answer.header("date"));
    object.etag = plain_etag(answer.header("etag"));
    object.version = answer.header("x-amz-version-id");
    object.sha256 = writing.digest;
    object.call = writing.mark;
    for (const auto& [name, value] : writing.headers)
        if (name == "content-type") object.content_type = value;
    return object;
}

}  // namespace

std::string mark_of_write(const Call* call) {
    const std::string own = to_hex(random_bytes(mark_bytes));
    return call && !call->key.empty() ? call->key + "." + own : own;
}

std::vector<std::pair<std::string, std::string>> headers_of(const S3Writing& writing) {
    auto headers = writing.headers;
    if (!writing.mark.empty()) headers.emplace_back(s3_note(s3_noted_call), writing.mark);
    if (!writing.digest.empty()) headers.emplace_back(s3_note(s3_noted_digest), writing.digest);
    return headers;
}

Awaitable<Result<std::optional<S3Object>>> find_written(S3Pointer s3, const S3Writing* writing,
                                                        S3Bounds bounds) {
    auto looking = head_s3(s3, writing->key, "", bounds);
    auto found = co_await looking;
    if (!found) co_return found.error();
    if (*found && (*found)->call != writing->mark) co_return std::optional<S3Object>();
    co_return found;
}

Awaitable<Result<S3Object>> put_s3(S3Pointer s3, S3Writing writing, std::string_view bytes,
                                   S3Bounds bounds, S3Tries tries) {
    if (writing.digest.empty()) writing.digest = aws_payload(bytes);
    double pause_s = pause_first_s;
    for (int made = 1;; ++made) {
        auto sending = send_s3(s3, put_request(s3->place, writing, bytes), bounds);
        const auto answer = co_await sending;
        // Found or not, the object's own description is better than what this answer has of it.
        auto looking = find_written(s3, &writing, bounds);
        auto found = co_await looking;
        if (found && *found) co_return std::move(**found);
        if (answer) co_return written_object(writing, *answer, bytes);
        const bool last = tries == S3Tries::one || made == tries_max || !found;
        if (last || !passes_soon(answer.error())) co_return answer.error();
        const double told_s = answer.error().detail["retry_after_s"].number();
        auto pausing = pause_until(
            s3->services->loop,
            std::min(boot_now_s() + std::max(told_s, pause_s), bounds.deadline_s), bounds.cancel);
        const bool go_on = co_await pausing;
        if (!go_on || boot_now_s() >= bounds.deadline_s) co_return answer.error();
        pause_s *= 2;
    }
}

}  // namespace perilune
