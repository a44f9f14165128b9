// Explains why an HTTP exchange failed, and says honestly whether it can have been executed.
#include <cerrno>

#include "interpreter/base/http_transfer.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

struct Explanation {
    std::string_view code;
    std::string_view happened;
    std::string_view advice;
};

Explanation explain_connection(int system_error) {
    if (system_error == ECONNREFUSED)
        return {"refused", "the connection was refused", "Check that the service listens there."};
    if (system_error == ETIMEDOUT)
        return {"timed_out", "connecting took too long", "Check the network and the firewall."};
    return {"unreachable", "the host cannot be reached", "Check the network and the address."};
}

Explanation explain_kind(FailureKind kind, int system_error) {
    switch (kind) {
        case FailureKind::bad_url: return {"bad_url", "the URL is not one", "Correct it."};
        case FailureKind::name_not_found:
            return {"name_not_found", "the host's name could not be resolved",
                    "Check the name and the resolver."};
        case FailureKind::not_connected: return explain_connection(system_error);
        case FailureKind::certificate:
            return {"tls_failed", "the server's certificate is not accepted",
                    "Renew it, or name the authority that signed it in the target's settings."};
        case FailureKind::tls:
            return {"tls_failed", "the TLS handshake failed", "Check the server's TLS."};
        case FailureKind::timed_out:
            return {"timed_out", "no complete answer came in time",
                    "Check whether the service hangs, or allow more time."};
        case FailureKind::connection_lost:
            return {"connection_lost", "the connection was lost", "Check the service's own log."};
        case FailureKind::bad_answer:
            return {"bad_answer", "what came back is not HTTP",
                    "Check that the port belongs to the service."};
        case FailureKind::too_large:
            return {"body_too_large", "the answer is longer than allowed",
                    "Ask for less, or allow more."};
        case FailureKind::cancelled: break;
    }
    return {"cancelled", "it was told to stop", "Start it again where it is still wanted."};
}

// An answer that came says that the request was executed; only its end is missing. Reading the same
// again would be as long again.
Retry retry_of(FailureKind kind, const HttpTransfer& transfer) {
    if (kind == FailureKind::bad_url || kind == FailureKind::certificate) return Retry::never;
    if (kind == FailureKind::too_large && changes_nothing(transfer.request)) return Retry::never;
    return transfer.maybe_sent ? Retry::unknown : Retry::safe;
}

}  // namespace

Error explain_failure(FailureKind kind, const HttpTransfer& transfer) {
    const Explanation why = explain_kind(kind, transfer.system_error);
    const HttpRequest& request = transfer.request;
    std::string message =
        request.method + " to " + origin_of(request.url) + ": " + std::string(why.happened);
    if (transfer.error_text[0] != '\0')
        message += " (" + std::string(transfer.error_text.data()) + ")";
    if (kind == FailureKind::too_large)
        message += ": more than " + show_size(static_cast<double>(request.body_max));
    message += ". ";
    if (!transfer.maybe_sent) {
        message += "Nothing was sent. ";
    } else if (!changes_nothing(request)) {
        message += "The request may have been executed: find out before it is sent again. ";
    }
    Error error = fail(why.code, message + std::string(why.advice), retry_of(kind, transfer));
    if (kind != FailureKind::too_large) return error;
    Value headers;
    for (const auto& [name, value] : transfer.answer.headers) headers.set(name, value);
    error.detail.set("status", transfer.answer.status)
        .set("headers", std::move(headers))
        .set("body", transfer.answer.body);
    return error;
}

}  // namespace perilune
