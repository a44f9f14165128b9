// Reading what objects contain: get, digest and verify.
#include "bindings/storage/object_transfer.h"
#include "bindings/storage/s3_changes.h"
#include "bindings/storage/s3_check.h"
#include "bindings/storage/s3_handlers.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Error too_large(const S3& s3, const std::string& key, double bytes_max) {
    return fail("too_large", "Getting \"" + key + "\" from " + s3.place.target +
                                 ": it has more than " + show_size(bytes_max) +
                                 ". Raise body_max, or use copy for large objects.");
}

Awaitable<Result<Value>> get(S3Pointer s3, Call* call) {
    const std::string key = call->arguments["key"].text();
    const auto full = s3->place.full_key(key);
    if (!full) co_return full.error();
    const double bytes_max = call->arguments["body_max"].number();
    S3Request request;
    request.doing = "Getting \"" + key + "\"";
    request.key = *full;
    request.body_max = static_cast<std::size_t>(std::max(0.0, bytes_max));
    if (s3->place.sends_checksums) request.headers.emplace_back("x-amz-checksum-mode", "ENABLED");
    if (call->arguments.has("version"))
        request.query.emplace_back("versionId", call->arguments["version"].text());
    auto sending = send_s3_patiently(s3, std::move(request), bounds_of(*call));
    auto answer = co_await sending;
    if (!answer) {
        const Error& error = answer.error();
        const auto status = static_cast<int>(error.detail["status"].number());
        const bool no_version = call->arguments.has("version") && (status == 400 || status == 405);
        if (error.code == "not_found" || no_version) co_return Value();
        if (error.code == "too_large") co_return too_large(*s3, key, bytes_max);
        co_return error;
    }
    const S3Object object = read_s3_object(s3->place, *full, *answer);
    S3Check check(s3->place, object);
    check.add(answer->body);
    if (const auto whole = check.finish(); !whole) co_return whole.error();
    Value value = object.to_value();
    value.set("digest", to_hex(sha256(answer->body)));
    co_return value.set("body", std::move(answer->body));
}

Result<Value> digest(const S3Pointer& s3, Call& call) {
    auto digested =
        digest_content(s3, call.arguments["key"].text(), call.arguments["version"].text(),
                       call.arguments["algorithm"].text(), bounds_of(call));
    if (!digested) return digested.error();
    return Value(std::move(*digested));
}

Result<Value> verify(const S3Pointer& s3, Call& call) {
    return verify_objects(call, s3->place.target, [&](const std::string& key) {
        return digest_content(s3, key, "", "sha256", bounds_of(call));
    });
}

}  // namespace

void add_s3_content_reads(Operations& operations, const S3TargetPointer& target) {
    operations["get"] = s3_observe(target, get);
    const auto add = [&](const char* name, Result<Value> (*read)(const S3Pointer&, Call&)) {
        operations[name] =
            observe_blocking(target->s3->services->loop,
                             [s3 = target->s3, read](Call& call) { return read(s3, call); });
    };
    add("digest", digest);
    add("verify", verify);
}

}  // namespace perilune
