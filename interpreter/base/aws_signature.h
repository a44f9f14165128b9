// Signs requests for AWS and for what speaks its protocol: Signature Version 4 (AWS, "Signature
// Version 4 for API requests").
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/http_client.h"

namespace perilune {

// What may stand in place of a body's digest (S3, "Signature calculations", x-amz-content-sha256).
inline constexpr std::string_view aws_unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view aws_signed_chunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view aws_signed_chunks_trailer =
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
inline constexpr std::string_view aws_unsigned_chunks_trailer =
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

// How the path of a URL becomes the path that is signed.
enum class AwsPath {
    as_sent,        // S3: a key may hold "//" and "..", and is encoded once.
    encoded_again,  // All others: without empty and dot segments, and encoded a second time.
};
AwsPath aws_path_of(std::string_view service);

struct AwsSigner {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;  // Of temporary credentials; else empty.
    std::string service;        // As in the credential's scope: "ecs", "route53", "monitoring".
    std::string region;
    AwsPath path = AwsPath::encoded_again;
};

// What was signed on the way; for tests and for finding out why a server refused it.
struct AwsSignature {
    std::string canonical_request;
    std::string string_to_sign;
    std::string signature;  // Hexadecimal.
};

// The digest of a body in the form in which it is signed.
std::string aws_payload(std::string_view body);

// Adds the headers that sign the request at a time (Unix seconds): x-amz-date, Authorization, for
// a session x-amz-security-token, for S3 x-amz-content-sha256. Every header that the request has
// is signed, except User-Agent. `payload` is aws_payload of the body, or what stands for it.
AwsSignature sign_aws_request(const AwsSigner& signer, HttpRequest& request,
                              std::string_view payload, double at_s);

// Signs by the query instead: request.url becomes one that whoever holds it may use for `valid_s`
// seconds, with the headers that the request has.
AwsSignature presign_aws_url(const AwsSigner& signer, HttpRequest& request,
                             std::string_view payload, double at_s, int valid_s);

}  // namespace perilune
