#include "bindings/storage/s3_object.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

#include "interpreter/base/digest.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::string_view noted_prefix = "x-amz-meta-";

// What belongs to the content and not to the place (AWS, "CopyObject", metadata directive).
constexpr std::array<std::string_view, 6> content_headers = {
    "content-type",        "cache-control", "content-encoding",
    "content-disposition", "expires",       "content-language"};

std::string noted(const S3Answer& answer, std::string_view name) {
    return answer.header(s3_note(name));
}

bool is_ours(std::string_view header) {
    return header.starts_with(std::string(noted_prefix) + "perilune-");
}

// The SHA-256 that the service has checked; that of a composite object is none of its content.
std::string digest_of(const S3Answer& answer) {
    const std::string& checked = answer.header("x-amz-checksum-sha256");
    if (!checked.empty() && checked.find('-') == std::string::npos)
        if (const auto bytes = from_base64(checked); bytes && bytes->size() == 32)
            return to_hex(*bytes);
    const std::string text = noted(answer, s3_noted_digest);
    return from_hex(text).size() == 32 ? text : "";
}

double size_of(const S3Answer& answer) {
    // Of a range: "bytes 0-9/100".
    const std::string& range = answer.header("content-range");
    const auto slash = range.find('/');
    const std::string& text = answer.header("content-length");
    return amount_in(slash == std::string::npos ? text : range.substr(slash + 1));
}

}  // namespace

std::string s3_note(std::string_view name) { return std::string(noted_prefix) + std::string(name); }

Value S3Object::to_value() const {
    Value object;
    object.set("key", key).set("size_bytes", size_bytes).set("modified_at", modified_at_s);
    if (!version.empty()) object.set("version", version);
    if (deleted) return object.set("deleted", true);
    if (!content_type.empty()) object.set("content_type", content_type);
    if (!sha256.empty()) object.set("digest", sha256);
    return object;
}

Value S3Object::to_state() const {
    Value state;
    state.set("key", key).set("etag", etag).set("content_type", content_type);
    if (!version.empty()) state.set("version", version);
    return state;
}

Value s3_state(const std::string& key, const std::optional<S3Object>& object) {
    return object ? object->to_state() : Value().set("key", key).set("absent", true);
}

S3Object read_s3_object(const S3Place& place, const std::string& full_key, const S3Answer& answer) {
    S3Object object;
    object.key = place.own_key(full_key);
    object.size_bytes = size_of(answer);
    object.modified_at_s = read_http_date(answer.header("last-modified"));
    object.etag = plain_etag(answer.header("etag"));
    object.version = answer.header("x-amz-version-id");
    object.content_type = answer.header("content-type");
    object.sha256 = digest_of(answer);
    object.crc64 = answer.header("x-amz-checksum-crc64nvme");
    object.call = noted(answer, s3_noted_call);
    object.part_bytes = amount_in(noted(answer, s3_noted_part_bytes));
    const std::string& encryption = answer.header("x-amz-server-side-encryption");
    object.etag_is_md5 = (encryption.empty() || encryption == "AES256") &&
                         answer.header("x-amz-server-side-encryption-customer-algorithm").empty();
    object.replication = answer.header("x-amz-replication-status");
    for (const auto& [name, value] : answer.headers) {
        const bool of_content = std::ranges::find(content_headers, name) != content_headers.end();
        if (of_content || (name.starts_with(noted_prefix) && !is_ours(name)))
            object.kept_headers.emplace_back(name, value);
    }
    return object;
}

S3Object read_s3_entry(const S3Place& place, const std::string& full_key, const XmlElement& entry) {
    S3Object object;
    object.key = place.own_key(full_key);
    object.size_bytes = amount_in(entry.at("Size"));
    if (const auto at = parse_time(entry.at("LastModified"))) object.modified_at_s = *at;
    object.etag = plain_etag(entry.at("ETag"));
    object.version = entry.at("VersionId");
    object.deleted = entry.name == "DeleteMarker";
    object.latest = entry.at("IsLatest") != "false";
    return object;
}

std::vector<std::pair<std::string, std::string>> copy_source_of(const S3Place& place,
                                                                const S3Object& from) {
    std::string source = "/" + place.bucket + "/" + encode_key(place.prefix + from.key);
    if (!from.version.empty()) source += "?versionId=" + url_encode(from.version);
    std::vector<std::pair<std::string, std::string>> headers = {{"x-amz-copy-source", source}};
    if (!from.etag.empty())
        headers.emplace_back("x-amz-copy-source-if-match", '"' + from.etag + '"');
    return headers;
}

double read_http_date(const std::string& text) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return end && *end == '\0' ? static_cast<double>(::timegm(&parts)) : 0;
}

std::string plain_etag(std::string_view text) {
    if (text.starts_with("W/")) text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        text = text.substr(1, text.size() - 2);
    return std::string(text);
}

Awaitable<Result<std::optional<S3Object>>> head_s3(S3Pointer s3, std::string key,
                                                   std::string version, S3Bounds bounds) {
    const auto full = s3->place.full_key(key);
    if (!full) co_return full.error();
    S3Request request;
    request.doing = "Looking at \"" + key + "\"";
    request.method = "HEAD";
    request.key = *full;
    if (s3->place.sends_checksums) request.headers.emplace_back("x-amz-checksum-mode", "ENABLED");
    if (!version.empty()) request.query.emplace_back("versionId", version);
    auto sending = send_s3_patiently(s3, std::move(request), bounds);
    const auto answer = co_await sending;
    // 405: that version is the mark of a deletion. 400: it is none that there could be.
    const auto status = answer ? 0 : static_cast<int>(answer.error().detail["status"].number());
    if (!answer && (answer.error().code == "not_found" || status == 405 ||
                    (status == 400 && !version.empty())))
        co_return std::optional<S3Object>();
    if (!answer) co_return answer.error();
    co_return std::optional<S3Object>(read_s3_object(s3->place, *full, *answer));
}

}  // namespace perilune
