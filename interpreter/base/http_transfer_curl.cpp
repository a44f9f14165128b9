// One HTTP exchange as libcurl is told of it: its options, its callbacks and what its end means.
#include "interpreter/base/http_transfer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <sys/socket.h>

#include <curl/curl.h>

#include "interpreter/base/curl_functions.h"
#include "interpreter/base/http_certificate.h"

namespace perilune {

namespace {

constexpr long idle_bytes_per_s = 16;
constexpr long name_kept_s = 10;  // A failover moves names, so a look-up is not kept for long.
constexpr int status_min = 100;   // RFC 9110, 15.
constexpr int status_max = 999;
constexpr std::size_t header_bytes_max = 256 << 10;
constexpr std::size_t large_body_bytes = 4 << 20;
constexpr long large_buffer_bytes = 256 << 10;

int on_request(void* held, char*, char*, int, int) {
    static_cast<HttpTransfer*>(held)->maybe_sent = true;
    return CURL_PREREQFUNC_OK;
}

// What a body will take, where its length was announced, so that a large one is not moved about.
std::size_t announced_bytes(const HttpTransfer& transfer) {
    curl_off_t length = -1;
    curl_easy_getinfo(transfer.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length <= 0) return 0;
    return std::min(static_cast<std::size_t>(length), transfer.request.body_max);
}

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* held) {
    auto& transfer = *static_cast<HttpTransfer*>(held);
    std::string& body = transfer.answer.body;
    if (body.empty()) body.reserve(announced_bytes(transfer));
    const std::size_t room = transfer.request.body_max - body.size();
    body.append(bytes, std::min(room, count));
    transfer.too_large = count > room;
    return transfer.too_large ? 0 : count;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* held) {
    auto& transfer = *static_cast<HttpTransfer*>(held);
    transfer.header_bytes += count;
    if (transfer.header_bytes > header_bytes_max) {
        transfer.too_large = true;
        return 0;
    }
    std::string_view line(bytes, count);
    // A status line begins the headers anew: those of an interim answer (1xx) say nothing.
    if (line.starts_with("HTTP/")) {
        transfer.answer.headers.clear();
        transfer.interim = line.find(" 1") == line.find(' ');
        transfer.headers_ended = false;
        return count;
    }
    if (line == "\r\n" || line == "\n") transfer.headers_ended = !transfer.interim;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return count;
    std::string name(line.substr(0, colon));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    line.remove_prefix(colon + 1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && std::string_view(" \t\r\n").find(line.back()) != line.npos)
        line.remove_suffix(1);
    std::string value(line);
    // Within a field they would begin another line for whoever passes it on (RFC 9110, 5.5).
    std::ranges::replace(name, '\r', ' ');
    std::ranges::replace(value, '\r', ' ');
    const auto [place, added] = transfer.answer.headers.emplace(std::move(name), value);
    if (!added) place->second.append(", ").append(value);
    return count;
}

int status_of(const HttpTransfer& transfer) {
    long status = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
}

curl_socket_t on_open_socket(void*, curlsocktype, curl_sockaddr* address) {
    // A child program must not inherit a connection.
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::string_view body_of(const HttpRequest& request) {
    return request.lent_body.empty() ? std::string_view(request.body) : request.lent_body;
}

void set_body(const HttpTransfer& transfer) {
    const HttpRequest& request = transfer.request;
    const bool sends = request.has_body || request.method == "POST" || request.method == "PUT" ||
                       request.method == "PATCH";
    if (request.method == "HEAD") {
        curl_easy_setopt(transfer.easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (sends) {
        const std::string_view body = body_of(request);
        curl_easy_setopt(transfer.easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(body.size()));
        curl_easy_setopt(transfer.easy, CURLOPT_POSTFIELDS, body.data());
    }
    curl_easy_setopt(transfer.easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_headers(HttpTransfer& transfer) {
    bool typed = false;
    for (const auto& [name, value] : transfer.request.headers) {
        typed |= curl_strequal(name.c_str(), "Content-Type") != 0;
        const std::string line = value.empty() ? name + ";" : name + ": " + value;
        transfer.headers = curl_slist_append(transfer.headers, line.c_str());
    }
    // Without "Expect" a 417 cannot make curl send the request a second time.
    transfer.headers = curl_slist_append(transfer.headers, "Expect:");
    if (!typed) transfer.headers = curl_slist_append(transfer.headers, "Content-Type:");
    curl_easy_setopt(transfer.easy, CURLOPT_HTTPHEADER, transfer.headers);
}

void set_limits(const HttpTransfer& transfer) {
    const HttpRequest& request = transfer.request;
    const bool repeatable = changes_nothing(request) || request.may_arrive_twice;
    const bool fresh = request.fresh_connection || request.want_certificate;
    CURL* easy = transfer.easy;
    // By default 16 and 64 KiB: too many system calls for bodies of megabytes.
    if (request.body_max >= large_body_bytes)
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, large_buffer_bytes);
    if (body_of(request).size() >= large_body_bytes)
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, large_buffer_bytes);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     std::max(1L, std::lround(request.connect_timeout_s * 1000)));
    if (request.idle_timeout_s > 0) {
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, idle_bytes_per_s);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                         std::max(1L, std::lround(std::ceil(request.idle_timeout_s))));
    }
    // curl sends a request again by itself where a reused connection turns out closed, and where
    // an HTTP/2 stream is refused. Only a request that changes nothing may be sent so.
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, repeatable && !fresh ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     repeatable ? static_cast<long>(CURL_HTTP_VERSION_2TLS)
                                : static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, fresh ? 0L : name_kept_s);
    if (request.want_certificate) curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    if (request.certificate_authority.empty()) return;
    curl_easy_setopt(easy, CURLOPT_CAINFO, request.certificate_authority.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // That authority alone is trusted.
}

}  // namespace

void init_curl() {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_ALL);
    if (ready != CURLE_OK) throw std::runtime_error("curl_global_init failed");
}

bool changes_nothing(const HttpRequest& request) {
    return request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
}

void set_up_transfer(HttpTransfer& transfer) {
    CURL* easy = transfer.easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(easy, CURLOPT_URL, transfer.request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "perilune");
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error_text.data());
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    set_limits(transfer);
    set_body(transfer);
    set_headers(transfer);
}

void read_answer(HttpTransfer& transfer) {
    long system_error = 0;
    curl_off_t took_us = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_TOTAL_TIME_T, &took_us);
    curl_easy_getinfo(transfer.easy, CURLINFO_OS_ERRNO, &system_error);
    transfer.answer.status = status_of(transfer);
    transfer.system_error = static_cast<int>(system_error);
    transfer.answer.took_s = static_cast<double>(took_us) * 1e-6;
    curl_certinfo* chain = nullptr;
    if (!transfer.request.want_certificate ||
        curl_easy_getinfo(transfer.easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain ||
        chain->num_of_certs < 1)
        return;
    for (const curl_slist* line = chain->certinfo[0]; line; line = line->next)
        if (const std::string_view text = line->data; text.starts_with("Cert:"))
            transfer.answer.certificate = read_certificate(text.substr(5));
}

std::optional<FailureKind> failure_kind(int code, const HttpTransfer& transfer) {
    if (transfer.too_large) return FailureKind::too_large;
    switch (code) {
        case CURLE_OK:
            // curl takes headers that break off for a whole answer without a body.
            if (!transfer.headers_ended) return FailureKind::connection_lost;
            // It takes "HTTP/1.1 002" and "HTTP/2 2004" too, which say nothing.
            if (const int status = status_of(transfer); status < status_min || status > status_max)
                return FailureKind::bad_answer;
            return std::nullopt;
        case CURLE_URL_MALFORMAT: return FailureKind::bad_url;
        case CURLE_UNSUPPORTED_PROTOCOL:  // Also said of an answer that is not HTTP/1.
            return transfer.maybe_sent ? FailureKind::bad_answer : FailureKind::bad_url;
        case CURLE_COULDNT_RESOLVE_HOST: return FailureKind::name_not_found;
        case CURLE_COULDNT_CONNECT: return FailureKind::not_connected;
        case CURLE_OPERATION_TIMEDOUT: return FailureKind::timed_out;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS: return FailureKind::certificate;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CERTPROBLEM: return FailureKind::tls;
        case CURLE_WEIRD_SERVER_REPLY: return FailureKind::bad_answer;
        default: return FailureKind::connection_lost;
    }
}

}  // namespace perilune
