// Notices, and the one-line form in which messages are shown.
#include "bindings/notify/notify_notice.h"

#include <algorithm>

#include "interpreter/base/http_verdict.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

Value notice(const Call& call) {
    Value made{Map{}};
    made.set("key", call.arguments["key"]);
    return made;
}

// Terminals obey control bytes, also those that UTF-8 writes as C2 80 to C2 9F.
std::string one_line(const std::string& text) {
    std::string line;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if (byte == '\n') {
            line += " | ";
        } else if (byte < 0x20 || byte == 0x7f) {
            line += '?';
        } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
            line += '?';
            ++i;
        } else {
            line += text[i];
        }
    }
    return line;
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    return text;
}

std::string_view verb_of(const std::string& operation) {
    if (operation == "open") return "opened";
    if (operation == "update") return "updated";
    if (operation == "resolve") return "resolved";
    if (operation == "acknowledge") return "acknowledged";
    if (operation == "schedule_maintenance") return "maintenance scheduled";
    if (operation == "end_maintenance") return "maintenance ended";
    return "";
}

}  // namespace

Outcome delivered(const Call& call, bool changed, const std::string& id) {
    Value made = notice(call);
    if (!id.empty()) made.set("id", id);
    return Outcome::done(made.set("delivered", true).set("changed", changed));
}

Outcome undelivered(const Call& call, const Error& error) {
    if (call.arguments["on_undelivered"].text() == "fail") return failed_outcome(error);
    Value made = notice(call);
    made.set("delivered", false)
        .set("error", error.to_value())
        .set("changed", error.retry == Retry::unknown);
    return Outcome::done(std::move(made));
}

Before before_message(const Call& call) {
    Before before;
    before.sign = call.operation == "send" || call.operation == "open" ? '+' : '~';
    before.plan = shown_message(call);
    return before;
}

std::string shown_message(const Call& call) {
    const Value& arguments = call.arguments;
    std::string line = upper(arguments["severity"].text());
    const auto add = [&](std::string_view part) {
        if (part.empty()) return;
        if (!line.empty()) line += ' ';
        line += part;
    };
    add(arguments["key"].text());
    add(verb_of(call.operation));
    if (arguments.has("state")) add("(" + arguments["state"].text() + ")");
    if (!line.empty()) line += ':';
    for (const auto* name : {"title", "summary", "text", "detail"}) {
        if (name == std::string_view("text") && arguments.has("title")) add("–");
        if (name == std::string_view("detail") && arguments.has("detail")) add("–");
        add(arguments[name].text());
    }
    for (const auto& [name, value] : arguments["fields"].map())
        add("[" + name + " " + (value.is_text() ? value.text() : to_json(value)) + "]");
    for (const auto& link : arguments["links"].list()) add(link.text());
    return one_line(line);
}

}  // namespace perilune
