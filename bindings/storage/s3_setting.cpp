#include "bindings/storage/s3_setting.h"

namespace perilune {

// Providers say in different codes that nothing was set.
Awaitable<Result<XmlElement>> read_s3_setting(S3Pointer s3, std::string name, std::string root,
                                              S3Bounds bounds) {
    S3Request request;
    request.doing = "Reading the " + name;
    request.query = {{name, ""}};
    request.answer = s3_any_xml;
    auto sending = send_s3_patiently(s3, std::move(request), bounds);
    auto answer = co_await sending;
    if (answer) {
        answer->xml.name = root;
        co_return std::move(answer->xml);
    }
    const auto status = static_cast<int>(answer.error().detail["status"].number());
    const bool none = status == 404 && answer.error().code != "no_such_bucket";
    if (!none && answer.error().code != "not_supported") co_return answer.error();
    co_return XmlElement{.name = root, .text = {}, .children = {}};
}

Awaitable<Status> write_s3_setting(S3Pointer s3, std::string name, const XmlElement* document,
                                   S3Bounds bounds) {
    S3Request request;
    request.doing = "Setting the " + name;
    request.query = {{name, ""}};
    request.method = document->children.empty() ? "DELETE" : "PUT";
    request.repeatable = true;
    if (!document->children.empty()) set_digested_body(request, *document);
    auto sending = send_s3(s3, std::move(request), bounds);
    const auto answer = co_await sending;
    if (answer) co_return Done{};
    co_return answer.error();
}

Before before_s3_setting(const Value& now, const Value& wanted) {
    Before before;
    before.state = now;
    before.already_so = now == wanted;
    if (before.already_so)
        before.result.set("before", now).set("after", wanted).set("changed", false);
    return before;
}

Outcome s3_set_to(const Value& before, const Value& after) {
    Value result;
    result.set("before", before).set("after", after).set("changed", !(before == after));
    return Outcome::done(std::move(result), after);
}

}  // namespace perilune
