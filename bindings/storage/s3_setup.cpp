// Making a bucket, and clearing away what uploads that never ended have left.
#include "bindings/storage/s3_handlers.h"
#include "bindings/storage/s3_list.h"

namespace perilune {

namespace {

// Whether the bucket is there; one that belongs to somebody else is an error.
Awaitable<Result<bool>> bucket_exists(S3Pointer s3, S3Bounds bounds) {
    auto sending = send_s3_patiently(s3, bucket_question(*s3, "Looking at the bucket"), bounds);
    const auto answer = co_await sending;
    if (answer) co_return true;
    if (answer.error().code == "no_such_bucket") co_return false;
    co_return answer.error();
}

Awaitable<Result<Before>> before_create(S3Pointer s3, Call* call) {
    auto asking = bucket_exists(s3, bounds_of(*call));
    const auto exists = co_await asking;
    if (!exists) co_return exists.error();
    Before before;
    before.state.set("exists", *exists);
    before.already_so = *exists;
    before.result.set("changed", false);
    before.sign = '+';
    co_return before;
}

// us-east-1 is where a bucket goes that names no place, and may not be named; "auto" is R2's word
// for what it chooses itself (AWS, "CreateBucket"; R2, "S3 API compatibility").
bool names_no_place(const std::string& region) {
    return region.empty() || region == "us-east-1" || region == "auto";
}

Awaitable<Outcome> act_create(S3Pointer s3, Call* call, const Value* before) {
    const std::string& given = call->arguments["region"].text();
    const std::string region = given.empty() ? s3->place.region : given;
    S3Request request;
    request.doing = "Making the bucket " + s3->place.bucket;
    request.method = "PUT";
    if (!names_no_place(region)) {
        XmlElement document{.name = "CreateBucketConfiguration", .text = {}, .children = {}};
        document.add("LocationConstraint", region);
        request.body = write_xml_document(document);
        request.headers.emplace_back("Content-Type", "application/xml");
    }
    auto sending = send_s3(s3, std::move(request), bounds_of(*call));
    const auto answer = co_await sending;
    const bool ours =
        !answer && answer.error().detail["s3_code"].text() == "BucketAlreadyOwnedByYou";
    if (!answer && !ours) {
        Error error = answer.error();
        if (error.detail["s3_code"].text() == "BucketAlreadyExists")
            error.message += " The name is taken by somebody else: choose another.";
        co_return s3_failed(error);
    }
    Value result;
    result.set("changed", !(*before)["exists"].boolean());
    co_return Outcome::done(std::move(result), Value().set("exists", true));
}

Awaitable<Result<std::vector<S3OpenUpload>>> old_uploads(S3Pointer s3, Call* call) {
    auto listing = list_s3_uploads(s3, bounds_of(*call));
    auto uploads = co_await listing;
    if (!uploads) co_return uploads;
    const double oldest_s = wall_now_s() - call->arguments["older_than"].number();
    std::erase_if(*uploads,
                  [&](const S3OpenUpload& upload) { return upload.written_at_s > oldest_s; });
    co_return uploads;
}

Awaitable<Result<Before>> before_abort(S3Pointer s3, Call* call) {
    auto listing = old_uploads(s3, call);
    const auto uploads = co_await listing;
    if (!uploads) co_return uploads.error();
    Before before;
    before.state.set("uploads", static_cast<double>(uploads->size()));
    before.already_so = uploads->empty();
    before.result.set("uploads", 0).set("changed", false);
    before.sign = '-';
    co_return before;
}

Awaitable<Outcome> act_abort(S3Pointer s3, Call* call, const Value* before) {
    auto listing = old_uploads(s3, call);
    const auto uploads = co_await listing;
    if (!uploads) co_return s3_failed(uploads.error());
    double removed = 0;
    for (const auto& upload : *uploads) {
        S3Request request;
        request.doing = "Giving up an upload";
        request.method = "DELETE";
        request.key = upload.full_key;
        request.query = {{"uploadId", upload.id}};
        request.repeatable = true;
        auto sending = send_s3_patiently(s3, std::move(request), bounds_of(*call));
        const auto answer = co_await sending;
        if (!answer && answer.error().code != "not_found")
            co_return s3_failed(answer.error(), removed > 0);
        removed += 1;
    }
    // After a crash a part is gone already: what was found at first is what this call removed.
    Value result;
    result.set("uploads", std::max(removed, (*before)["uploads"].number())).set("changed", true);
    co_return Outcome::done(std::move(result), Value().set("uploads", 0));
}

}  // namespace

void add_s3_setup(Operations& operations, const S3TargetPointer& target) {
    operations["create_bucket"] = s3_change(target, before_create, act_create);
    operations["abort_uploads"] = s3_change(target, before_abort, act_abort);
}

}  // namespace perilune
