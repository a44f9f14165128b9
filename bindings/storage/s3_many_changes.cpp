#include "bindings/storage/s3_many_changes.h"

#include <algorithm>
#include <cmath>

#include "bindings/storage/object_transfer.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

constexpr std::size_t keys_a_request = 1000;  // AWS, "DeleteObjects".
constexpr double last_of_second_s = 0.999;
constexpr double second_over_s = 1.05;
constexpr const char* moment_part = "moment";

// XML 1.0 has no form for most control characters, so such keys are deleted one by one.
bool fits_xml(const std::string& key) {
    return std::ranges::none_of(key, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
    });
}

Awaitable<Status> delete_one(S3Pointer s3, Call* call, std::string key, List* failures) {
    S3Request request;
    request.doing = "Deleting \"" + key + "\"";
    request.method = "DELETE";
    request.key = s3->place.prefix + key;
    auto sending = send_s3_patiently(s3, std::move(request), bounds_of(*call));
    const auto answer = co_await sending;
    if (answer || answer.error().code == "not_found") co_return Done{};
    if (passes_through(answer.error())) co_return answer.error();
    failures->push_back(failure_of(key, answer.error().message));
    co_return Done{};
}

Awaitable<Status> delete_some(S3Pointer s3, Call* call, const std::vector<std::string>* keys,
                              List* failures) {
    XmlElement document{.name = "Delete", .text = {}, .children = {}};
    for (const auto& key : *keys) {
        XmlElement object{.name = "Object", .text = {}, .children = {}};
        object.add("Key", s3->place.prefix + key);
        document.add(std::move(object));
    }
    document.add("Quiet", "true");
    S3Request request;
    request.doing = "Deleting " + count_of_objects(keys->size());
    request.method = "POST";
    request.query = {{"delete", ""}};
    request.answer = "DeleteResult";
    set_digested_body(request, document);
    auto sending = send_s3_patiently(s3, std::move(request), bounds_of(*call));
    const auto answer = co_await sending;
    if (!answer) co_return answer.error();
    for (const auto* error : answer->xml.all("Error")) {
        if (error->at("Code") == "NoSuchKey") continue;
        failures->push_back(failure_of(s3->place.own_key(error->at("Key")),
                                       error->at("Code") + ": " + error->at("Message")));
    }
    co_return Done{};
}

}  // namespace

// An error that would meet every other object too.
bool passes_through(const Error& error) {
    return error.retry != Retry::never || error.code == "credentials_refused" ||
           error.code == "no_such_bucket" || error.code == "wrong_region";
}

Value failure_of(const std::string& key, const std::string& message) {
    return Value().set("key", key).set("message", message);
}

Awaitable<Result<std::vector<S3Object>>> meant_objects(S3Pointer s3, Call* call) {
    if (!call->arguments.has("keys")) {
        S3ListWish wish{.prefix = call->arguments["prefix"].text()};
        auto listing = list_s3(s3, std::move(wish), bounds_of(*call));
        auto listed = co_await listing;
        co_return listed;
    }
    std::vector<S3Object> named;
    for (const auto& key : call->arguments["keys"].list()) {
        if (!key.is_text())
            co_return fail("bad_argument",
                           "keys of storage:" + call->operation + " must be a list of texts.");
        S3Object object;
        object.key = key.text();
        if (object.key.starts_with(call->arguments["prefix"].text()))
            named.push_back(std::move(object));
    }
    std::ranges::sort(named, {}, &S3Object::key);
    const auto twice = std::ranges::unique(named, {}, &S3Object::key);
    named.erase(twice.begin(), twice.end());
    auto describing = describe_s3(s3, std::move(named), bounds_of(*call));
    auto described = co_await describing;
    co_return described;
}

Value state_of(const std::vector<S3Object>& objects) {
    Digest digest;
    for (const auto& object : objects) digest.add(object.key + '\0' + object.etag + '\0');
    Value state;
    state.set("objects", static_cast<double>(objects.size()));
    return state.set("digest", to_hex(digest.finish()));
}

Awaitable<Result<bool>> keeps_versions(S3Pointer s3, S3Bounds bounds) {
    S3Request request;
    request.doing = "Reading the versioning";
    request.query = {{"versioning", ""}};
    request.answer = s3_any_xml;
    auto sending = send_s3_patiently(s3, std::move(request), bounds);
    const auto answer = co_await sending;
    if (answer) co_return answer->xml.at("Status") == "Enabled";
    if (answer.error().code == "not_supported") co_return false;
    co_return answer.error();
}

Awaitable<Result<S3Moment>> moment_before(S3Pointer s3, Call* call, double planned) {
    const auto kept = call->parts.find(moment_part);
    if (kept != call->parts.end())
        co_return S3Moment{.at_s = kept->second["at"].number(),
                           .planned = kept->second["planned"].number()};
    S3Request request = bucket_question(*s3, "Asking for the time");
    const double asked_s = boot_now_s();
    auto sending = send_s3_patiently(s3, std::move(request), bounds_of(*call));
    const auto answer = co_await sending;
    if (!answer) co_return answer.error();
    const double told_s = read_http_date(answer->header("date"));
    const double second_s = told_s > 0 ? told_s : std::floor(wall_now_s());
    const S3Moment moment{.at_s = second_s + last_of_second_s, .planned = planned};
    const double over_s = std::max(asked_s, boot_now_s()) + second_over_s;
    auto pausing = pause_until(s3->services->loop, over_s, call->cancel);
    const bool go_on = co_await pausing;
    if (!go_on)
        co_return fail("cancelled",
                       "Changing objects of " + s3->place.target + " was told to stop.",
                       Retry::safe);
    Value part;
    part.set("at", moment.at_s).set("planned", planned);
    auto keeping = keep_part_of(s3, call, moment_part, std::move(part));
    co_await keeping;
    co_return moment;
}

Awaitable<Result<List>> delete_objects(S3Pointer s3, Call* call, std::vector<std::string> keys) {
    List failures;
    std::vector<std::string> batch;
    std::size_t done = 0;
    for (std::size_t i = 0; i <= keys.size(); ++i) {
        const bool last = i == keys.size();
        if (!last && !fits_xml(keys[i])) {
            auto deleting = delete_one(s3, call, keys[i], &failures);
            const auto deleted = co_await deleting;
            if (!deleted) co_return deleted.error();
        } else if (!last) {
            batch.push_back(keys[i]);
        }
        if (batch.empty() || (!last && batch.size() < keys_a_request)) continue;
        auto deleting = delete_some(s3, call, &batch, &failures);
        const auto deleted = co_await deleting;
        if (!deleted) co_return deleted.error();
        done += batch.size();
        batch.clear();
        call->tell(std::to_string(done) + " of " + count_of_objects(keys.size()) + " deleted");
    }
    co_return failures;
}

}  // namespace perilune
