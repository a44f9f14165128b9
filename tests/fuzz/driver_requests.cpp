// What a driver worker that has been taken over may ask the host to send: a request as canonical
// JSON. Where it goes is looked at with curl's own eyes.
#include <algorithm>

#include <curl/curl.h>

#include "interpreter/base/http_headers.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/json.h"
#include "interpreter/driver/driver_request.h"
#include "tests/fuzz/property.h"

namespace perilune::fuzz {

namespace {

const DriverReach& reach() {
    static const DriverReach made = {
        .hosts = {"api.example.com", "*.dns.example", "{url}"},
        .settings = Value().set("url", "http://inside.example:8080/base"),
        .certificate_authority = {}};
    return made;
}

Call make_call() {
    Call call;
    call.operation = "upsert";
    call.target = "dns/site";
    call.open_secret = [](const Value& value) -> Result<std::string> {
        return value.is_secret() ? std::string("s3cret") : value.text();
    };
    return call;
}

std::string part_of(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
    std::string copy = text;
    curl_free(text);
    return copy;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return text;
}

void check_reach(const std::string& url) {
    CURLU* parsed = curl_url();
    const bool well = curl_url_set(parsed, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
    const std::string scheme = lower(part_of(parsed, CURLUPART_SCHEME));
    const std::string host = lower(part_of(parsed, CURLUPART_HOST));
    const std::string port = part_of(parsed, CURLUPART_PORT);
    const std::string user = part_of(parsed, CURLUPART_USER);
    curl_url_cleanup(parsed);
    if (!well) return;  // It is not sent either.
    const bool own = scheme == "https" && port == "443" &&
                     (host == "api.example.com" || host.ends_with(".dns.example"));
    const bool of_setting = scheme == "http" && host == "inside.example" && port == "8080";
    require(own || of_setting, "A request goes only where the driver's file says.", url);
    require(user.empty(), "A URL carries no user's name.", url);
}

void check_headers(const HttpRequest& request) {
    for (const auto& [name, value] : request.headers) {
        require(check_header(name, value).ok(), "No header begins another line.", name);
        require(lower(name) != "host", "The host comes from the target's url.", value);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto asked = from_canonical_json(text_of(data, std::min<std::size_t>(size, 4096)));
    if (!asked) return 0;
    const Call call = make_call();
    const auto made = make_request(reach(), call, *asked);
    if (!made) {
        require(!made.error().code.empty() && !made.error().message.empty(),
                "A refusal has a code and a message.");
        return 0;
    }
    check_reach(made->http.url);
    check_headers(made->http);
    require(made->http.body_max <= std::size_t{4} << 20, "An answer's size is bounded.");
    const std::string& method = made->http.method;
    require(!made->reads || method == "GET" || method == "HEAD" || (*asked)["reads"].boolean(),
            "Only what says so reads.");
    const HttpAnswer answer{.status = 200,
                            .headers = {{"content-type", "application/json"}},
                            .body = to_json((*asked)["answer"])};
    bool kept = false;
    const auto keep = [&](const std::string& name, const std::string&) {
        kept = true;
        return make_secret(name);
    };
    const Value given = with_handles(answer_value(answer), made->handles, call, keep);
    const auto again = from_canonical_json(to_canonical_json(given));
    require(again.ok() && *again == given, "An answer is read as it was written.",
            to_canonical_json(given));
    return 0;
}

}  // namespace perilune::fuzz
