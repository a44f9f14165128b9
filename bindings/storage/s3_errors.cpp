#include "bindings/storage/s3_errors.h"

#include <algorithm>
#include <array>

#include "interpreter/base/http_url.h"
#include "interpreter/base/http_verdict.h"

namespace perilune {

namespace {

constexpr double wait_s_max = 60;
constexpr double throttled_pause_s = 1;

struct Meaning {
    std::string_view s3_code;
    std::string_view code;
    std::string_view advice;
};

constexpr std::string_view correct_keys =
    "Correct the target's credentials; temporary ones end, and they are of one provider.";
constexpr std::string_view allow =
    "Allow the action on this bucket to the identity whose credentials the target has.";
constexpr std::string_view make_bucket =
    "Check the bucket's name and region, or make it with create_bucket.";
constexpr std::string_view damaged_up =
    "The bytes were damaged on the way and nothing was written. It may be tried again.";
constexpr std::string_view pause = "It was not executed and may be tried again.";

constexpr std::array meanings = {
    Meaning{"NoSuchKey", "not_found", ""},
    Meaning{"NoSuchVersion", "not_found", ""},
    Meaning{"NoSuchUpload", "not_found", ""},
    Meaning{"NoSuchBucket", "no_such_bucket", make_bucket},
    Meaning{"InvalidBucketName", "no_such_bucket", make_bucket},
    Meaning{"PreconditionFailed", "precondition_failed", ""},
    Meaning{"ConditionalRequestConflict", "throttled", pause},
    Meaning{"OperationAborted", "throttled", pause},
    Meaning{"SlowDown", "throttled", pause},
    Meaning{"ServiceUnavailable", "throttled", pause},
    Meaning{"TooManyRequests", "throttled", pause},
    Meaning{"RequestLimitExceeded", "throttled", pause},
    Meaning{"BandwidthLimitExceeded", "throttled", pause},
    Meaning{"RequestTimeout", "throttled", pause},
    Meaning{"AccessDenied", "permission_denied", allow},
    Meaning{"AllAccessDisabled", "permission_denied", allow},
    Meaning{"AccountProblem", "permission_denied", allow},
    Meaning{"InvalidAccessKeyId", "credentials_refused", correct_keys},
    Meaning{"InvalidSecurity", "credentials_refused", correct_keys},
    Meaning{"InvalidToken", "credentials_refused", correct_keys},
    Meaning{"ExpiredToken", "credentials_refused", correct_keys},
    Meaning{"TokenRefreshRequired", "credentials_refused", correct_keys},
    Meaning{"NotSignedUp", "credentials_refused", correct_keys},
    Meaning{"Unauthorized", "credentials_refused", correct_keys},
    Meaning{"SignatureDoesNotMatch", "credentials_refused",
            "Correct the secret_access_key of the target's credentials."},
    Meaning{"RequestTimeTooSkewed", "credentials_refused",
            "Correct this machine's clock: it is more than 15 minutes off the service's."},
    Meaning{"PermanentRedirect", "wrong_region", ""},
    Meaning{"TemporaryRedirect", "throttled", "The bucket is new; it may be tried again."},
    Meaning{"AuthorizationHeaderMalformed", "wrong_region", ""},
    Meaning{"IllegalLocationConstraintException", "wrong_region", ""},
    Meaning{"NotImplemented", "not_supported", "This provider does not have it."},
    Meaning{"EntityTooLarge", "too_large", ""},
    Meaning{"BadDigest", "damaged", damaged_up},
    Meaning{"XAmzContentSHA256Mismatch", "damaged", damaged_up},
};

// Of an answer without a body, as every answer to HEAD is.
std::string_view code_of_status(int status) {
    switch (status) {
        case 301: return "PermanentRedirect";
        case 307: return "TemporaryRedirect";
        case 401: return "Unauthorized";
        case 403: return "AccessDenied";
        case 404: return "NoSuchKey";
        case 409: return "OperationAborted";
        case 412: return "PreconditionFailed";
        case 429: return "SlowDown";
        case 501: return "NotImplemented";
        default: return "";
    }
}

const Meaning* find_meaning(std::string_view s3_code) {
    const auto found = std::ranges::find(meanings, s3_code, &Meaning::s3_code);
    return found == meanings.end() ? nullptr : &*found;
}

std::string region_advice(const XmlElement& told, const S3Answer& answer) {
    std::string region = answer.header("x-amz-bucket-region");
    if (region.empty()) region = told.at("Region");
    if (!region.empty()) return " The bucket is in " + region + ": write that as its region.";
    const std::string& endpoint = told.at("Endpoint");
    return endpoint.empty() ? " Correct its region or endpoint."
                            : " The service names " + endpoint + " as its endpoint.";
}

Error error_from(const S3Place& place, const S3Request& request, const S3Answer& answer,
                 const XmlElement& told) {
    std::string s3_code = told.at("Code");
    if (s3_code.empty()) s3_code = code_of_status(answer.status);
    const Meaning* meaning = find_meaning(s3_code);
    const bool service_failed = answer.status >= 500 || s3_code == "InternalError";
    Error error;
    error.code = meaning ? meaning->code : service_failed ? "unavailable" : "refused";
    error.message = request.doing + " of " + place.target + ": " + origin_of(place.base) +
                    " answered " + std::to_string(answer.status);
    if (!s3_code.empty()) error.message += ", " + s3_code;
    if (!told.at("Message").empty()) error.message += " (" + told.at("Message") + ")";
    error.message += ".";
    if (error.code == "wrong_region") error.message += region_advice(told, answer);
    if (meaning && !meaning->advice.empty()) error.message += " " + std::string(meaning->advice);
    error.detail.set("status", answer.status).set("s3_code", s3_code);
    // Where nothing is there because of the mark of a deletion: that mark's version.
    if (answer.header("x-amz-delete-marker") == "true")
        error.detail.set("deleted_by", answer.header("x-amz-version-id"));
    if (error.code == "throttled") {
        HttpAnswer http{.status = answer.status, .headers = answer.headers, .body = {}};
        error.retry = Retry::safe;
        error.detail.set("retry_after_s",
                         told_to_wait(http, wait_s_max).value_or(throttled_pause_s));
    } else if (error.code == "damaged") {
        error.retry = Retry::safe;
    } else if (!meaning && (service_failed || leaves_doubt(answer.status))) {
        error.retry = Retry::unknown;
    }
    return error;
}

}  // namespace

Error s3_error(const S3Place& place, const S3Request& request, const S3Answer& answer) {
    const auto read = read_xml(answer.body);
    const bool told = read && (read->name == "Error" || read->child("Error") != nullptr);
    static const XmlElement nothing;
    if (!told) return error_from(place, request, answer, nothing);
    return error_from(place, request, answer,
                      read->name == "Error" ? *read : *read->child("Error"));
}

Status read_promised(const S3Place& place, const S3Request& request, S3Answer& answer) {
    auto read = read_xml(answer.body);
    const bool any = request.answer == s3_any_xml;
    if (read && read->name != "Error" && (any || read->name == request.answer)) {
        answer.xml = std::move(*read);
        return Done{};
    }
    if (read && read->name == "Error") return error_from(place, request, answer, *read);
    return fail("bad_answer",
                request.doing + " of " + place.target + ": " + origin_of(place.base) +
                    " answered without the " + request.answer +
                    " that belongs to it. It may have been executed. Check that the endpoint is "
                    "one of an S3 service.",
                Retry::unknown);
}

bool passes_soon(const Error& error) {
    if (error.code == "cancelled") return false;
    if (error.retry == Retry::unknown) return true;
    return error.code == "throttled" || error.code == "connection_lost" || error.code == "damaged";
}

}  // namespace perilune
