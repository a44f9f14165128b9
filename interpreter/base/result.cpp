#include "interpreter/base/result.h"

namespace perilune {

std::string_view to_text(Retry retry) {
    switch (retry) {
        case Retry::safe: return "safe";
        case Retry::unknown: return "unknown";
        case Retry::never: break;
    }
    return "never";
}

Retry retry_from(std::string_view text) {
    if (text == "safe") return Retry::safe;
    return text == "unknown" ? Retry::unknown : Retry::never;
}

Value Error::to_value() const {
    Value shown;
    shown.set("code", code).set("message", message).set("retry", to_text(retry));
    if (!detail.is_nil()) shown.set("detail", detail);
    return shown;
}

Error Error::from_value(const Value& value) {
    return {.code = value["code"].text(),
            .message = value["message"].text(),
            .retry = retry_from(value["retry"].text()),
            .detail = value["detail"]};
}

Error fail(std::string_view code, std::string message, Retry retry) {
    return {.code = std::string(code), .message = std::move(message), .retry = retry, .detail = {}};
}

}  // namespace perilune
