// Reads the proof out of a status (RFC 9110, 15; RFC 6585, 4).
#include "interpreter/base/http_verdict.h"

namespace perilune {

namespace {
constexpr double pause_unless_told_s = 1;
}

bool leaves_doubt(int status) {
    if (status == 302 || status == 303 || status == 408) return true;
    return status >= 500 && status != 501 && status != 505;
}

std::optional<double> told_to_wait(const HttpAnswer& answer, double most_s) {
    const auto header = answer.headers.find("retry-after");
    const bool given = header != answer.headers.end();
    const bool too_many = answer.status == 429 || answer.status == 420;
    if (!too_many && !(answer.status == 503 && given)) return std::nullopt;
    const double asked_s = given ? retry_after_s(header->second, wall_now_s(), most_s) : -1;
    return asked_s < 0 ? pause_unless_told_s : asked_s;
}

Error with_verdict(Error error, const HttpAnswer& answer, double wait_most_s) {
    if (const auto wait_s = told_to_wait(answer, wait_most_s)) {
        error.retry = Retry::safe;
        error.detail.set("retry_after_s", *wait_s);
    } else if (leaves_doubt(answer.status)) {
        error.retry = Retry::unknown;
        error.message += " It may have been executed.";
    }
    return error;
}

Outcome failed_outcome(Error error) {
    if (error.retry == Retry::unknown) return Outcome::unknown(std::move(error));
    // A stop is no reason to try again, and neither is what no second try can mend.
    if (error.retry == Retry::never || error.code == "cancelled")
        return Outcome::failed(std::move(error));
    const double wait_s = error.detail["retry_after_s"].number();
    return Outcome::not_sent(std::move(error), wait_s);
}

}  // namespace perilune
