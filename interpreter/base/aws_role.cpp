#include "interpreter/base/aws_role.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

#include "interpreter/base/files.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double renewed_before_s = 300;
constexpr double asked_within_s = 10;
constexpr std::size_t token_bytes_max = 16 << 10;
constexpr const char* metadata_url = "http://169.254.169.254";
constexpr const char* container_url = "http://169.254.170.2";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

// What the keys are of: others come where the variables say something else.
std::string kept_as(const std::string& role) {
    std::string name = role;
    for (const char* one :
         {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
          "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
          "AWS_ENDPOINT_URL_STS"})
        name += "\n" + variable(one);
    return name;
}

// Keys of a process: they are the role's, whichever target asks. Several loops may.
std::mutex kept_lock;
std::map<std::string, AwsKeys>& kept() {
    static std::map<std::string, AwsKeys> all;
    return all;
}

std::optional<AwsKeys> find_kept(const std::string& name, double for_s) {
    const std::lock_guard guard(kept_lock);
    const auto found = kept().find(name);
    if (found == kept().end() || found->second.ends_at < wall_now_s() + for_s) return std::nullopt;
    return found->second;
}

Error missing(const std::string& role, const std::string& what) {
    return fail("credentials_refused",
                "AWS's keys of the role of this " + role + " cannot be had: " + what);
}

struct Asking {
    AwsRoleCall call;
    std::string role;

    Awaitable<Result<std::string>> ask(HttpRequest request) {
        const double until_s = boot_now_s() + asked_within_s;
        request.deadline_s = call.deadline_s > 0 ? std::min(call.deadline_s, until_s) : until_s;
        request.may_arrive_twice = true;
        const std::string origin = origin_of(request.url);
        auto sending = call.http.send(std::move(request), call.cancel);
        auto answer = co_await sending;
        if (!answer) {
            Error error = answer.error();
            error.retry = Retry::safe;
            error.message = "AWS's keys of the role of this " + role + ": " + error.message;
            co_return error;
        }
        if (answer->status >= 200 && answer->status < 300) co_return std::move(answer->body);
        Error error = missing(role, origin + " answered " + std::to_string(answer->status) + ".");
        if (answer->status == 429 || answer->status >= 500) error.retry = Retry::safe;
        co_return error;
    }
};

// { AccessKeyId, SecretAccessKey, Token, Expiration } of containers and instances alike.
Result<AwsKeys> read_keys(const std::string& role, const std::string& text) {
    const auto told = from_json(text);
    if (!told) return missing(role, "what answered speaks no JSON.");
    AwsKeys keys = {.access_key_id = (*told)["AccessKeyId"].text(),
                    .secret_access_key = (*told)["SecretAccessKey"].text(),
                    .session_token = (*told)["Token"].text()};
    const auto ends = parse_time((*told)["Expiration"].text());
    if (keys.access_key_id.empty() || keys.secret_access_key.empty() || !ends)
        return missing(role, "the answer has no AccessKeyId, SecretAccessKey and Expiration" +
                                 ((*told)["Code"].is_text() ? " (" + (*told)["Code"].text() + ")."
                                                            : std::string(".")));
    keys.ends_at = *ends;
    return keys;
}

// Without TLS only to this machine and to the addresses that AWS keeps for it (SDKs and Tools,
// "Container credential provider").
bool is_near(const std::string& url) {
    if (url.starts_with("https://")) return true;
    const std::string origin = origin_of(url);
    for (const char* host :
         {"http://127.0.0.1", "http://localhost", "http://[::1]", "http://169.254.170.2",
          "http://169.254.170.23", "http://[fd00:ec2::23]"})
        if (origin == host || origin.starts_with(std::string(host) + ":")) return true;
    return false;
}

Result<std::string> file_or_variable(const char* file, const char* value) {
    const std::string path = variable(file);
    if (path.empty()) return variable(value);
    auto text = read_file(path, token_bytes_max);
    if (!text)
        return fail("credentials_refused",
                    std::string(file) + " names " + path + ", which cannot be read.");
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    return std::move(*text);
}

Awaitable<Result<AwsKeys>> ask_container(Asking* asking) {
    const std::string relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    HttpRequest request;
    request.url = relative.empty() ? variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
                                   : container_url + relative;
    if (request.url.empty())
        co_return missing(asking->role,
                          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set, nor "
                          "AWS_CONTAINER_CREDENTIALS_FULL_URI. Give the task a role.");
    if (!is_near(request.url))
        co_return missing(asking->role,
                          "AWS_CONTAINER_CREDENTIALS_FULL_URI leads elsewhere "
                          "without TLS, to " +
                              origin_of(request.url) + ".");
    const auto token = file_or_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (!token) co_return token.error();
    if (!token->empty()) request.headers.emplace_back("Authorization", *token);
    auto sending = asking->ask(std::move(request));
    const auto answer = co_await sending;
    if (!answer) co_return answer.error();
    co_return read_keys(asking->role, *answer);
}

// Version 2 of the instance's metadata: a session first (EC2, "Use IMDSv2").
Awaitable<Result<AwsKeys>> ask_instance(Asking* asking) {
    std::string base = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (base.empty()) base = metadata_url;
    while (base.ends_with('/')) base.pop_back();
    HttpRequest session;
    session.method = "PUT";
    session.url = base + "/latest/api/token";
    session.headers.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", "21600");
    auto beginning = asking->ask(std::move(session));
    const auto token = co_await beginning;
    if (!token) co_return token.error();
    HttpRequest request;
    request.url = base + "/latest/meta-data/iam/security-credentials/";
    request.headers.emplace_back("X-aws-ec2-metadata-token", *token);
    HttpRequest further = request;
    auto naming = asking->ask(std::move(request));
    const auto name = co_await naming;
    if (!name) co_return name.error();
    further.url += name->substr(0, name->find('\n'));
    auto reading = asking->ask(std::move(further));
    const auto answer = co_await reading;
    if (!answer) co_return answer.error();
    co_return read_keys(asking->role, *answer);
}

std::string element(const std::string& xml, const std::string& name) {
    const auto begin = xml.find("<" + name + ">");
    if (begin == std::string::npos) return "";
    const auto from = begin + name.size() + 2;
    return xml.substr(from, xml.find('<', from) - from);
}

// The request is not signed: the token is what proves (STS, "AssumeRoleWithWebIdentity").
Awaitable<Result<AwsKeys>> ask_web_identity(Asking* asking) {
    const std::string arn = variable("AWS_ROLE_ARN");
    const auto token = file_or_variable("AWS_WEB_IDENTITY_TOKEN_FILE", "");
    if (!token) co_return token.error();
    if (arn.empty() || token->empty())
        co_return missing(asking->role, "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are needed.");
    std::string region = asking->call.region;
    if (region.empty() || region == "auto") region = "us-east-1";
    const std::string given = variable("AWS_ENDPOINT_URL_STS");
    const std::string named = variable("AWS_ROLE_SESSION_NAME");
    HttpRequest request;
    request.method = "POST";
    request.url = (given.empty() ? "https://sts." + region + ".amazonaws.com" : given) + "/";
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body =
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + url_encode(arn) +
        "&RoleSessionName=" + url_encode(named.empty() ? "perilune" : named) +
        "&WebIdentityToken=" + url_encode(*token);
    request.has_body = true;
    auto sending = asking->ask(std::move(request));
    const auto answer = co_await sending;
    if (!answer) co_return answer.error();
    AwsKeys keys = {.access_key_id = element(*answer, "AccessKeyId"),
                    .secret_access_key = element(*answer, "SecretAccessKey"),
                    .session_token = element(*answer, "SessionToken")};
    const auto ends = parse_time(element(*answer, "Expiration"));
    if (keys.access_key_id.empty() || keys.secret_access_key.empty() || !ends)
        co_return missing(asking->role, "STS answered without keys.");
    keys.ends_at = *ends;
    co_return keys;
}

Awaitable<Result<AwsKeys>> ask_for_keys(Asking* asking) {
    if (asking->role == "container") {
        auto keys = ask_container(asking);
        co_return co_await keys;
    }
    if (asking->role == "instance") {
        auto keys = ask_instance(asking);
        co_return co_await keys;
    }
    if (asking->role == "web_identity") {
        auto keys = ask_web_identity(asking);
        co_return co_await keys;
    }
    co_return fail("bad_setting", "credentials has the role \"" + asking->role +
                                      "\": it must be container, instance or web_identity.");
}

}  // namespace

bool is_aws_role(const Value& credentials) { return credentials.has("role"); }

std::optional<AwsKeys> aws_role_keys(const Value& credentials) {
    return find_kept(kept_as(credentials["role"].text()), 0);
}

Awaitable<Status> renew_aws_role(AwsRoleCall call) {
    const std::string role = call.credentials["role"].text();
    const std::string name = kept_as(role);
    if (find_kept(name, renewed_before_s)) co_return Done{};
    Asking asking{.call = std::move(call), .role = role};
    auto having = ask_for_keys(&asking);
    const auto keys = co_await having;
    if (!keys && find_kept(name, 0)) co_return Done{};
    if (!keys) co_return keys.error();
    if (asking.call.keep_secret) {
        asking.call.keep_secret("AWS " + role + " key", keys->secret_access_key);
        asking.call.keep_secret("AWS " + role + " token", keys->session_token);
    }
    const std::lock_guard guard(kept_lock);
    kept()[name] = *keys;
    co_return Done{};
}

}  // namespace perilune
