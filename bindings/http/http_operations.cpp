// The vocabulary of `http`: its rows put together, its records, and what is refused at once.
#include <algorithm>
#include <cmath>

#include "bindings/http/http.h"
#include "bindings/http/http_changes.h"
#include "bindings/http/http_expectation.h"
#include "bindings/http/http_observes.h"
#include "interpreter/base/fields.h"
#include "interpreter/base/http_url.h"

namespace perilune {

namespace {

constexpr auto join_rows() {
    std::array<Operation, http_observes.size() + http_changes.size()> rows{};
    const auto place = std::copy(http_observes.begin(), http_observes.end(), rows.begin());
    std::copy(http_changes.begin(), http_changes.end(), place);
    return rows;
}

constexpr auto rows = join_rows();

constexpr std::array records = {
    Record{.name = "Response",
           .doc = "One answer.",
           .fields = {{{.name = "status", .type = "number", .doc = "Its status."},
                       {.name = "headers",
                        .type = "map of text",
                        .doc = "Its headers by lower-case name; several of one name in one text."},
                       {.name = "body", .type = "text", .doc = "Its body as it came."},
                       {.name = "json",
                        .type = "plain?",
                        .doc = "The body's content, where its type says JSON and it is."},
                       {.name = "took_s",
                        .type = "number",
                        .doc = "From the beginning of the exchange to its end."},
                       {.name = "truncated",
                        .type = "boolean?",
                        .doc = "True where only the beginning of a change's answer was kept."},
                       {.name = "changed",
                        .type = "boolean?",
                        .doc = "Changes only: false where it was so already."}}}},
    Record{.name = "Certificate",
           .doc = "What a server's certificate says.",
           .fields = {{{.name = "names",
                        .type = "list of text",
                        .doc = "The host names and addresses it is for."},
                       {.name = "issuer", .type = "text", .doc = "Who signed it (RFC 2253)."},
                       {.name = "starts_at", .type = "number", .doc = "Valid from then."},
                       {.name = "ends_at", .type = "number", .doc = "Valid until then."}}}},
    Record{.name = "LoadResult",
           .doc = "What a load measured. Times are nil where no request was answered.",
           .fields = {{{.name = "requests", .type = "number", .doc = "Requests that ended."},
                       {.name = "error_ratio", .type = "number", .doc = "Errors among them."},
                       {.name = "p50_s", .type = "number?", .doc = "Half took at most so long."},
                       {.name = "p95_s", .type = "number?", .doc = "95 of 100."},
                       {.name = "p99_s", .type = "number?", .doc = "99 of 100."},
                       {.name = "max_s", .type = "number?", .doc = "The slowest."},
                       {.name = "changed", .type = "boolean", .doc = "True."}}}},
};

Status check_expectation(const Map& arguments) {
    const auto given = arguments.find("expect");
    if (given == arguments.end() || given->second.is_unknown()) return Done{};
    const auto read = HttpExpectation::read(given->second);
    return read ? Status(Done{}) : Status(read.error());
}

Status check_headers(const Map& arguments) {
    if (const auto given = arguments.find("headers"); given != arguments.end()) {
        if (given->second.is_secret())
            return fail("bad_argument",
                        "headers must be a table of names; each value may be a "
                        "secret, but not the table itself.");
        for (const auto& [name, value] : given->second.map()) {
            if (!value.is_text() && !value.is_secret() && !value.is_unknown())
                return fail("bad_argument",
                            "The header \"" + name + "\" must be text or a secret.");
            if (const auto sane = check_own_header(name, value.text()); !sane) return sane;
        }
    }
    const auto key_header = arguments.find("key_header");
    if (key_header == arguments.end() || key_header->second.is_unknown()) return Done{};
    return check_own_header(key_header->second.text(), "");
}

Status check_bodies(const Operation& operation, const Map& arguments) {
    int given = 0;
    for (const auto* name : {"json", "form", "body"}) given += arguments.contains(name);
    if (operation.effect == Effect::change || operation.name == "probe") {
        if (given > 1)
            return fail("bad_argument", "At most one of json, form and body may be given to http:" +
                                            std::string(operation.name) + ".");
        return Done{};
    }
    const auto fields = arguments.find("json");
    if (fields == arguments.end()) return Done{};
    for (const auto& [name, wanted] : fields->second.map())
        if (const auto sane = check_field_name(name); !sane) return sane;
    return Done{};
}

Status check_number(const Map& arguments, const char* name, double least, double most) {
    const auto given = arguments.find(name);
    if (given == arguments.end() || !given->second.is_number()) return Done{};
    const double number = given->second.number();
    if (number >= least && number <= most) return Done{};
    return fail("bad_argument", std::string(name) + " must lie between " + std::to_string(least) +
                                    " and " + std::to_string(most) + ".");
}

Status normalise(const Operation& operation, Map& arguments) {
    if (const auto path = arguments.find("path"); path != arguments.end())
        if (!path->second.is_unknown())
            if (const auto sane = check_url_path(path->second.text()); !sane) return sane;
    for (const auto& checked :
         {check_expectation(arguments), check_headers(arguments),
          check_bodies(operation, arguments), check_number(arguments, "body_max", 0, 16 << 20),
          check_number(arguments, "times", 1, 1e6), check_number(arguments, "every", 0.01, 86400),
          check_number(arguments, "rate_per_s", 0.001, 1000),
          check_number(arguments, "connections_max", 1, 500),
          check_number(arguments, "stop_at_error_ratio", 0, 1)})
        if (!checked) return checked;
    if (operation.name != "load") return Done{};
    const double requests = arguments["rate_per_s"].number() * arguments["during"].number();
    if (requests > 1e6)
        return fail("bad_argument",
                    "http:load would send more than 1,000,000 requests; lower "
                    "rate_per_s or during.");
    return Done{};
}

}  // namespace

constinit const Family http_family = {
    .name = "http",
    .doc =
        "One origin. Paths are joined to the target's `url`, and nothing leaves its scheme, "
        "host and port; redirects are never followed. An answer whose status is not in "
        "`expect` raises `unexpected_status`, with the answer in the error.",
    .operations = rows,
    .records = records,
    .normalise = normalise,
};

}  // namespace perilune
