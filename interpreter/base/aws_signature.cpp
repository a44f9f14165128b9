// The four steps of Signature Version 4: canonical request, string to sign, signing key, signature.
#include "interpreter/base/aws_signature.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <map>
#include <vector>

#include "interpreter/base/digest.h"
#include "interpreter/base/http_url.h"

namespace perilune {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

struct UrlParts {
    std::string host;   // With the port where it is not the scheme's own.
    std::string path;   // At least "/".
    std::string query;  // Without the question mark.
};

UrlParts split_url(const std::string& url) {
    const std::string origin = origin_of(url);
    const auto slashes = origin.find("//");
    UrlParts parts;
    parts.host = origin.substr(slashes == std::string::npos ? 0 : slashes + 2);
    const std::string_view own_port = origin.starts_with("https") ? ":443" : ":80";
    if (parts.host.ends_with(own_port)) parts.host.resize(parts.host.size() - own_port.size());
    std::string rest = url.substr(origin.size());
    rest.resize(std::min(rest.size(), rest.find('#')));
    const auto question = rest.find('?');
    parts.path = rest.substr(0, question);
    if (question != std::string::npos) parts.query = rest.substr(question + 1);
    if (parts.path.empty()) parts.path = "/";
    return parts;
}

// %XX as bytes; a percent sign that begins no such triple stays.
std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string byte;
        if (text[i] == '%') byte = from_hex(text.substr(i + 1, 2));
        out += byte.size() == 1 ? byte[0] : text[i];
        if (byte.size() == 1) i += 2;
    }
    return out;
}

std::vector<std::string> split(std::string_view text, char border) {
    std::vector<std::string> parts;
    while (true) {
        const auto at = text.find(border);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

// Without empty and dot segments (RFC 3986, 5.2.4); a slash at the end stays.
std::string normalised(const std::string& path) {
    std::vector<std::string> kept;
    const auto segments = split(path, '/');
    for (const auto& segment : segments) {
        if (segment == ".." && !kept.empty()) kept.pop_back();
        if (!segment.empty() && segment != "." && segment != "..") kept.push_back(segment);
    }
    std::string out;
    for (const auto& segment : kept) out += "/" + segment;
    if (out.empty() || segments.back().empty()) out += "/";
    return out;
}

std::string canonical_path(const std::string& path, AwsPath rule) {
    const bool again = rule == AwsPath::encoded_again;
    std::string out;
    const auto segments = split(again ? normalised(path) : path, '/');
    for (std::size_t i = 0; i < segments.size(); ++i)
        out += (i == 0 ? "" : "/") + url_encode(again ? segments[i] : decoded(segments[i]));
    return out;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string canonical_query(Fields fields) {
    for (auto& [name, value] : fields) {
        name = url_encode(name);
        value = url_encode(value);
    }
    std::sort(fields.begin(), fields.end());
    std::string out;
    for (const auto& [name, value] : fields) out += (out.empty() ? "" : "&") + name + "=" + value;
    return out;
}

Fields query_fields(const std::string& query) {
    Fields fields;
    for (const auto& part : split(query, '&')) {
        if (part.empty()) continue;
        const auto equals = part.find('=');
        const bool has_value = equals != std::string::npos;
        fields.emplace_back(decoded(part.substr(0, equals)),
                            has_value ? decoded(part.substr(equals + 1)) : "");
    }
    return fields;
}

// Without blanks at both ends, and one for each run of them inside.
std::string trimmed(std::string_view value) {
    std::string out;
    for (const char c : value) {
        const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (blank && (out.empty() || out.back() == ' ')) continue;
        out += blank ? ' ' : c;
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

// By lower-case name; those of one name joined in their order.
std::map<std::string, std::string> signed_headers(const HttpRequest& request,
                                                  const std::string& host) {
    std::map<std::string, std::string> headers;
    for (const auto& [name, value] : request.headers) {
        std::string lower = name;
        std::ranges::transform(lower, lower.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        });
        if (lower == "user-agent" || lower == "host") continue;
        const auto [held, fresh] = headers.try_emplace(lower);
        held->second += (fresh ? "" : ",") + trimmed(value);
    }
    headers["host"] = host;
    return headers;
}

std::string names_of(const std::map<std::string, std::string>& headers) {
    std::string names;
    for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
    return names;
}

// "20150830T123600Z"
std::string time_stamp(double at_s) {
    const auto seconds = static_cast<std::time_t>(std::floor(at_s));
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
    return {text.data(), size};
}

std::string scope_of(const AwsSigner& signer, const std::string& stamp) {
    return stamp.substr(0, 8) + "/" + signer.region + "/" + signer.service + "/aws4_request";
}

AwsSignature signature_of(const AwsSigner& signer, const std::string& stamp,
                          std::string canonical_request) {
    AwsSignature made;
    made.canonical_request = std::move(canonical_request);
    made.string_to_sign = std::string(algorithm) + "\n" + stamp + "\n" + scope_of(signer, stamp) +
                          "\n" + to_hex(sha256(made.canonical_request));
    std::string key = "AWS4" + signer.secret_access_key;
    for (const auto& part : split(scope_of(signer, stamp), '/')) key = hmac_sha256(key, part);
    made.signature = to_hex(hmac_sha256(key, made.string_to_sign));
    return made;
}

std::string canonical_request_of(const AwsSigner& signer, const HttpRequest& request,
                                 const UrlParts& parts, Fields query,
                                 const std::map<std::string, std::string>& headers,
                                 std::string_view payload) {
    std::string lines;
    for (const auto& [name, value] : headers) lines += name + ":" + value + "\n";
    return request.method + "\n" + canonical_path(parts.path, signer.path) + "\n" +
           canonical_query(std::move(query)) + "\n" + lines + "\n" + names_of(headers) + "\n" +
           std::string(payload);
}

}  // namespace

AwsPath aws_path_of(std::string_view service) {
    return service == "s3" ? AwsPath::as_sent : AwsPath::encoded_again;
}

std::string aws_payload(std::string_view body) { return to_hex(sha256(body)); }

AwsSignature sign_aws_request(const AwsSigner& signer, HttpRequest& request,
                              std::string_view payload, double at_s) {
    const std::string stamp = time_stamp(at_s);
    request.headers.emplace_back("X-Amz-Date", stamp);
    if (!signer.session_token.empty())
        request.headers.emplace_back("X-Amz-Security-Token", signer.session_token);
    if (signer.service == "s3") request.headers.emplace_back("X-Amz-Content-Sha256", payload);
    const UrlParts parts = split_url(request.url);
    const auto headers = signed_headers(request, parts.host);
    AwsSignature made = signature_of(
        signer, stamp,
        canonical_request_of(signer, request, parts, query_fields(parts.query), headers, payload));
    request.headers.emplace_back(
        "Authorization", std::string(algorithm) + " Credential=" + signer.access_key_id + "/" +
                             scope_of(signer, stamp) + ", SignedHeaders=" + names_of(headers) +
                             ", Signature=" + made.signature);
    return made;
}

AwsSignature presign_aws_url(const AwsSigner& signer, HttpRequest& request,
                             std::string_view payload, double at_s, int valid_s) {
    const std::string stamp = time_stamp(at_s);
    const UrlParts parts = split_url(request.url);
    const auto headers = signed_headers(request, parts.host);
    Fields query = query_fields(parts.query);
    query.emplace_back("X-Amz-Algorithm", algorithm);
    query.emplace_back("X-Amz-Credential", signer.access_key_id + "/" + scope_of(signer, stamp));
    query.emplace_back("X-Amz-Date", stamp);
    query.emplace_back("X-Amz-Expires", std::to_string(valid_s));
    query.emplace_back("X-Amz-SignedHeaders", names_of(headers));
    if (!signer.session_token.empty())
        query.emplace_back("X-Amz-Security-Token", signer.session_token);
    AwsSignature made = signature_of(
        signer, stamp, canonical_request_of(signer, request, parts, query, headers, payload));
    request.url = origin_of(request.url) + parts.path + "?" + canonical_query(query) +
                  "&X-Amz-Signature=" + made.signature;
    return made;
}

}  // namespace perilune
