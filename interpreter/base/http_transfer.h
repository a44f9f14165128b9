// One HTTP exchange under way, as the client and its failures' explanations see it.
#pragma once

#include <array>
#include <optional>

#include "interpreter/base/http_client.h"

struct curl_slist;

namespace perilune {

enum class FailureKind {
    bad_url,
    name_not_found,
    not_connected,
    certificate,
    tls,
    timed_out,
    connection_lost,
    bad_answer,
    too_large,
    cancelled,
};

// Shared, because its coroutine, the client and posted work may each outlive another.
struct HttpTransfer {
    HttpRequest request;
    HttpAnswer answer;
    std::shared_ptr<Cancel> cancel;
    void* easy = nullptr;  // curl's handle.
    curl_slist* headers = nullptr;
    std::array<char, 256> error_text = {};
    int system_error = 0;     // errno of the connection, where curl kept one.
    bool maybe_sent = false;  // Set by curl's last callback before it writes the request.
    bool too_large = false;
    bool interim = false;        // The headers that come are those of a 1xx answer.
    bool headers_ended = false;  // The empty line after the final headers was read.
    std::size_t header_bytes = 0;
    Loop::Id deadline = 0;
    Leaf<bool>::Resume resume;
    std::optional<Error> failed;
};

// True for the methods that curl may send again by itself.
bool changes_nothing(const HttpRequest& request);

// Sets libcurl up, once for the process; from any thread.
void init_curl();

// Makes curl's handle and tells it everything about the exchange.
void set_up_transfer(HttpTransfer& transfer);
// Takes status, time and certificate from an exchange that has ended.
void read_answer(HttpTransfer& transfer);
// What a CURLcode means for this exchange; nothing where it succeeded.
std::optional<FailureKind> failure_kind(int code, const HttpTransfer& transfer);

// The error a driver sees: its code, whether anything can have been executed, what to do next.
Error explain_failure(FailureKind kind, const HttpTransfer& transfer);

}  // namespace perilune
