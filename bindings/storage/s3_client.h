// Requests to one bucket: signed, bounded in time, and with S3's errors in the words of a run.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/storage/s3_place.h"
#include "bindings/storage/s3_xml.h"
#include "interpreter/base/http_client.h"

namespace perilune {

// How long a request may take and what stops it; of the call that it is made for.
struct S3Bounds {
    double deadline_s = 0;
    std::shared_ptr<Cancel> cancel;
    std::function<bool()> may_act = {};  // See Call::may_act; empty: no call is behind it.
};
S3Bounds bounds_of(const Call& call);

struct S3Request {
    std::string doing;  // For messages: "Reading \"a/b\"".
    std::string method = "GET";
    std::string key = {};  // In full; empty: the bucket itself.
    S3Query query = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    std::string_view lent = {};       // In place of `body`: bytes that outlive the request.
    std::string payload = {};         // aws_payload of the body; worked out where empty.
    std::size_t body_max = 16 << 20;  // Of the answer: a page of 1,000 keys takes some MiB.
    std::string answer = {};          // The name of the root element that the answer must have.
    // Arriving twice is as arriving once: a second one leaves no further version or upload.
    bool repeatable = false;

    std::string_view bytes() const { return lent.empty() ? std::string_view(body) : lent; }
};

// For S3Request::answer: any XML that is no error. Settings come under several names.
inline constexpr const char* s3_any_xml = "XML";

// What the operations of one target share.
struct S3 {
    S3Place place;
    Services* services = nullptr;
    bool bucket_seen = false;  // It answered once, so a 404 is about an object.
};
using S3Pointer = std::shared_ptr<S3>;

struct S3Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  // Lower-case names.
    std::string body;
    XmlElement xml;  // The body, where the request said what it must be.

    const std::string& header(const std::string& name) const;
};

// One exchange. An error's code is one of not_found (no such key, version or upload),
// no_such_bucket, precondition_failed, credentials_refused, permission_denied, wrong_region,
// throttled, not_supported, too_large, damaged, refused, unavailable, and those of HttpClient; its
// detail has `status` and `s3_code`. Errors within a 200 are errors.
Awaitable<Result<S3Answer>> send_s3(S3Pointer s3, S3Request request, S3Bounds bounds);

// The same, made again while the service is overloaded or the way there fails, within the bounds
// and a limit of tries. For what may be executed twice: all reading, and the parts of a change.
Awaitable<Result<S3Answer>> send_s3_patiently(S3Pointer s3, S3Request request, S3Bounds bounds);

// A question that only the bucket itself answers, and every service.
S3Request bucket_question(const S3& s3, std::string doing);

// Makes what a part of the call gave durable, where the call is one that keeps parts (rule 13.2).
Awaitable<bool> keep_part_of(S3Pointer s3, Call* call, std::string name, Value value);

// Adds what signs a URL by its query for so long; the URL is a secret.
Result<std::string> presign_s3(const S3& s3, const std::string& method, const std::string& full_key,
                               int valid_s);

// A body that S3 takes only with its digest: settings and lists of deletions.
void set_digested_body(S3Request& request, const XmlElement& document);

}  // namespace perilune
