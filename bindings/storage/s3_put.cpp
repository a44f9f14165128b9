// Writing one object: put, with its conditions.
#include "bindings/storage/s3_changes.h"
#include "bindings/storage/s3_handlers.h"
#include "bindings/storage/s3_write.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

using Found = std::optional<S3Object>;

std::string type_of(const Call& call) {
    const std::string& given = call.arguments["content_type"].text();
    return given.empty() ? s3_plain_content_type : given;
}

Error not_as_wanted(const S3& s3, const Call& call, const std::string& found) {
    return fail("precondition_failed",
                "Writing \"" + call.arguments["key"].text() + "\" to " + s3.place.target +
                    " with only_if = \"" + call.arguments["only_if"].text() + "\" was refused: " +
                    found + " Nothing was written. Look at what is there, then decide.");
}

// Refuses where the object is not as `only_if` asks.
Awaitable<Status> check_condition(S3Pointer s3, Call* call, Found found) {
    const std::string wanted = call->arguments["only_if"].text();
    if (wanted == "any") co_return Done{};
    if (wanted == "absent") {
        if (!found) co_return Done{};
        co_return not_as_wanted(*s3, *call, "the object exists.");
    }
    if (!found) co_return not_as_wanted(*s3, *call, "it is not there.");
    auto digesting = digest_of_s3(s3, *found, bounds_of(*call));
    const auto digest = co_await digesting;
    if (!digest) co_return digest.error();
    if (*digest == wanted) co_return Done{};
    co_return not_as_wanted(*s3, *call, "its digest is " + *digest + ".");
}

bool has_body(const S3Place& place, const S3Object& object, const std::string& body) {
    if (object.size_bytes != static_cast<double>(body.size())) return false;
    if (!object.sha256.empty()) return object.sha256 == to_hex(sha256(body));
    if (!object.etag_is_md5 || !place.etags_are_digests) return false;
    Digest md5("md5");
    md5.add(body);
    return object.etag == to_hex(md5.finish());
}

Awaitable<Result<Before>> before_put(S3Pointer s3, Call* call) {
    const std::string key = call->arguments["key"].text();
    const std::string only_if = call->arguments["only_if"].text();
    if (only_if != "any" && only_if != "absent" && from_hex(only_if).size() != 32)
        co_return fail("bad_argument",
                       "only_if of storage:put must be \"any\", \"absent\" or a SHA-256 digest in "
                       "hexadecimal.");
    auto looking = head_s3(s3, key, "", bounds_of(*call));
    const auto found = co_await looking;
    if (!found) co_return found.error();
    auto checking = check_condition(s3, call, *found);
    const auto allowed = co_await checking;
    if (!allowed) co_return allowed.error();
    const std::string& body = call->arguments["body"].text();
    Before before;
    before.state = s3_state(key, *found);
    before.sign = *found ? '~' : '+';
    before.plan = show_replaced(*found, static_cast<double>(body.size()));
    if (*found && (*found)->content_type == type_of(*call) && has_body(s3->place, **found, body)) {
        before.already_so = true;
        before.result = (*found)->to_value().set("changed", false);
    }
    co_return before;
}

// The header by which the service itself holds a write to what was seen, so that nobody else's
// write in between is lost.
void set_condition(const S3Place& place, S3Writing& writing, const std::string& only_if,
                   const Found& found) {
    if (!place.service_holds_conditions) return;
    if (only_if == "absent") writing.conditions.emplace_back("If-None-Match", "*");
    if (only_if != "absent" && only_if != "any" && found)
        writing.conditions.emplace_back("If-Match", '"' + found->etag + '"');
}

// Of a write whose condition the service found not to hold. Some services refuse If-Match whatever
// is there (Ceph before release 20, in buckets that keep versions).
Error why_refused(const S3& s3, const Call& call, const Found& seen, const Found& now) {
    const bool as_seen = seen.has_value() == now.has_value() && (!seen || seen->etag == now->etag);
    if (!as_seen) return not_as_wanted(s3, call, "somebody else wrote it at the same time.");
    return not_as_wanted(s3, call,
                         "the service says that the condition does not hold, though the object is "
                         "as it was. It may not be able to hold conditions: see the setting "
                         "conditions.");
}

Awaitable<Outcome> act_put(S3Pointer s3, Call* call, const Value* before) {
    const std::string key = call->arguments["key"].text();
    const std::string& body = call->arguments["body"].text();
    const std::string digest = to_hex(sha256(body));
    auto looking = head_s3(s3, key, "", bounds_of(*call));
    const auto found = co_await looking;
    if (!found) co_return s3_failed(found.error());
    // A try whose answer was lost may have written it.
    if (is_written_by(*found, *call)) co_return s3_written(**found, *before, digest);
    auto checking = check_condition(s3, call, *found);
    const auto allowed = co_await checking;
    if (!allowed) co_return s3_failed(allowed.error());
    S3Writing writing{.doing = "Putting \"" + key + "\"",
                      .key = key,
                      .full_key = s3->place.prefix + key,
                      .digest = digest,
                      .mark = mark_of_write(call)};
    writing.headers.emplace_back("content-type", type_of(*call));
    set_condition(s3->place, writing, call->arguments["only_if"].text(), *found);
    auto putting = put_s3(s3, std::move(writing), body, bounds_of(*call), S3Tries::one);
    const auto made = co_await putting;
    if (made) co_return s3_written(*made, *before, digest);
    if (made.error().code != "precondition_failed") co_return s3_failed(made.error());
    auto looking_again = head_s3(s3, key, "", bounds_of(*call));
    const auto now = co_await looking_again;
    if (!now) co_return s3_failed(now.error());
    co_return s3_failed(why_refused(*s3, *call, *found, *now));
}

}  // namespace

void add_s3_puts(Operations& operations, const S3TargetPointer& target) {
    operations["put"] =
        s3_change(target, before_put, act_put,
                  [](const Call& call, const Value& before, const Value& result) {
                      return restore_s3_object(call.arguments["key"].text(), before, result);
                  });
}

}  // namespace perilune
