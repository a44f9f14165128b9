// What an S3 service, or what stands in its place, answers: pages of listings, settings, errors.
// The first line names what is asked; then come answers divided by lines of four dashes, each with
// a line of its status and one for each header, an empty line, and the body.
#include <algorithm>
#include <array>
#include <deque>
#include <optional>

#include "bindings/storage/s3_errors.h"
#include "bindings/storage/s3_list.h"
#include "bindings/storage/s3_rule_forms.h"
#include "interpreter/base/aws_signature.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/json.h"
#include "tests/fuzz/property.h"

namespace perilune::fuzz {

namespace {

constexpr std::string_view border = "----\n";
constexpr std::size_t answers_max = 6;

std::string take_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

HttpAnswer read_answer(std::string_view text) {
    HttpAnswer answer;
    const std::string status = take_line(text);
    answer.status = 100 + std::abs(std::atoi(status.substr(0, 6).c_str()) - 100) % 500;
    for (std::string line = take_line(text); !line.empty(); line = take_line(text)) {
        const auto colon = line.find(": ");
        if (colon != std::string::npos)
            answer.headers[line.substr(0, colon)] = line.substr(colon + 2);
    }
    answer.body = text;
    return answer;
}

// Gives the answers one after the other, and then none.
class Answering final : public HttpClient {
public:
    explicit Answering(std::string_view text) {
        while (!text.empty() && answers_.size() < answers_max) {
            const auto end = text.find(border);
            answers_.push_back(read_answer(text.substr(0, end)));
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + border.size());
        }
    }
    Awaitable<Result<HttpAnswer>> send(HttpRequest request, std::shared_ptr<Cancel>) override {
        require(check_url(request.url).ok() && origin_of(request.url) == "https://s3.example.com" &&
                    request.url.starts_with("https://s3.example.com/bucket"),
                "Every request goes to the bucket.", request.url);
        for (const auto& [name, value] : request.headers)
            require(check_header(name, value).ok(), "No header begins another line.", value);
        if (answers_.empty()) co_return fail("connection_lost", "It is over.", Retry::never);
        HttpAnswer answer = std::move(answers_.front());
        answers_.pop_front();
        co_return answer;
    }

private:
    std::deque<HttpAnswer> answers_;
};

S3Pointer make_s3(Services& services) {
    auto s3 = std::make_shared<S3>();
    s3->place.target = "storage/backups";
    s3->place.base = "https://s3.example.com/bucket";
    s3->place.bucket = "bucket";
    s3->place.prefix = "mine/";
    s3->place.region = "eu-west-1";
    s3->place.credentials.set("access_key_id", "KEY").set("secret_access_key", "SECRET");
    s3->services = &services;
    return s3;
}

void check_kept(const Value& value) {
    const auto again = from_canonical_json(to_canonical_json(value));
    require(again.ok() && *again == value, "What a service says is read as it was written.",
            to_canonical_json(value));
}

void check_error(const Error& error) {
    constexpr std::array<std::string_view, 17> codes = {"not_found",
                                                        "no_such_bucket",
                                                        "precondition_failed",
                                                        "credentials_refused",
                                                        "permission_denied",
                                                        "wrong_region",
                                                        "throttled",
                                                        "not_supported",
                                                        "too_large",
                                                        "damaged",
                                                        "refused",
                                                        "unavailable",
                                                        "bad_answer",
                                                        "cancelled",
                                                        "connection_lost",
                                                        "not_sent",
                                                        "timed_out"};
    require(std::ranges::find(codes, error.code) != codes.end(), "An error has a known code.",
            error.code);
    require(error.message.find("storage/backups") != std::string::npos ||
                error.code == "connection_lost",
            "An error names the target.", error.message);
    check_kept(error.to_value());
}

void check_objects(const Result<std::vector<S3Object>>& listed) {
    if (!listed) return check_error(listed.error());
    for (const auto& object : *listed) {
        check_kept(object.to_value());
        check_kept(object.to_state());
    }
}

void check_xml(const S3Place& place, std::string_view text) {
    const auto read = read_xml(text);
    if (!read) return;
    require(!is_utf8(text) || is_utf8(read->text), "Entities give no broken text.");
    const auto again = read_xml(write_xml(*read));
    require(again.ok() && *again == *read, "XML is read as it was written.", write_xml(*read));
    const Value rule = lifecycle_from_xml(place, *read);
    check_kept(rule);
    if (const auto written = lifecycle_to_xml(place, rule))
        require(lifecycle_from_xml(place, *written) == rule, "A rule is read as it was written.",
                to_json(rule));
    check_kept(cors_from_xml(*read));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view text = text_of(data, std::min<std::size_t>(size, 4096));
    static const auto loop = Loop::make();
    const std::string what = take_line(text);
    Answering client(text);
    Services services{.loop = *loop, .http = &client};
    services.open_secret = [](const Value& value) { return Result<std::string>(value.text()); };
    const S3Pointer s3 = make_s3(services);
    // No time for a second try: only answers are looked at here.
    const S3Bounds bounds{.deadline_s = 1, .cancel = std::make_shared<Cancel>()};
    check_xml(s3->place, text.substr(std::min(text.find('<'), text.size())));
    const auto objects = [](const Result<std::vector<S3Object>>& got) { check_objects(got); };
    if (what == "versions") {
        start_task(list_s3_versions(s3, {}, bounds), objects);
    } else if (what == "uploads") {
        start_task(list_s3_uploads(s3, bounds), [](const Result<std::vector<S3OpenUpload>>& got) {
            if (!got) check_error(got.error());
            for (const auto& upload : got ? *got : std::vector<S3OpenUpload>())
                require(upload.full_key.starts_with("mine/"),
                        "Only the target's own keys are its uploads.");
        });
    } else if (what == "head") {
        start_task(head_s3(s3, "a", "", bounds), [](const Result<std::optional<S3Object>>& got) {
            if (!got) check_error(got.error());
            if (got && *got) check_kept((*got)->to_value());
        });
    } else {
        start_task(list_s3(s3, {}, bounds), objects);
    }
    return 0;
}

}  // namespace perilune::fuzz
