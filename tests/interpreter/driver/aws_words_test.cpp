// What Lua drivers have for AWS: signed requests of its three protocols, and its errors.
#include <algorithm>

#include "interpreter/base/aws_signature.h"
#include "interpreter/base/units.h"
#include "tests/interpreter/driver/lua_rig.h"

namespace perilune::test {

namespace {

// `add` sends what the test names, `read` what it reads, both in words that a test replaces.
std::string aws_driver(const std::string& request) {
    return "return { family = \"thing\", name = \"own\", doc = \"For tests.\",\n"
           "  hosts = { \"{url}\", \"*.amazonaws.com\" },\n"
           "  settings = {\n"
           "    { name = \"url\", doc = \"Where.\", optional = true },\n"
           "    { name = \"region\", doc = \"Which.\" },\n"
           "    { name = \"credentials\", type = \"map\", secret = true, optional = true,\n"
           "      doc = \"Whose.\" },\n"
           "  },\n"
           "  operations = {\n"
           "    read = { observe = function(_, call) local reads = true " +
           request +
           " end },\n"
           "    add = { before = function() return {} end,\n"
           "      act = function(_, _, call) local reads = false " +
           request +
           " end },\n"
           "    remove = { before = function() return {} end, act = function() return {} end },\n"
           "  } }\n";
}

const std::string json_request = R"(
  local answer = aws.json { call = call, service = "ssm",
    action = reads and "GetParameter" or "PutParameter",
    body = { Name = "/a", With = { 1, true } }, absent = { "ParameterNotFound" },
    handles = { ["/a"] = "Parameter.Value" } }
  return { answer = answer or "absent" })";
const std::string query_request = R"(
  local result = aws.query { call = call, service = "elasticloadbalancing", action = "ModifyRule",
    parameters = { RuleArn = "arn:x/y", Actions = {
      { Type = "forward", ForwardConfig = { TargetGroups = { { Weight = 1 }, { Weight = 99 } } } },
    } } }
  return { rule = xml.text(result, "Rules.member.RuleArn") })";
const std::string rest_request = R"(
  local root = aws.rest { call = call, service = "route53", global = true,
    action = reads and "ListResourceRecordSets" or "ChangeResourceRecordSets",
    method = reads and "get" or "post", path = "/2013-04-01/hostedzone/Z1/rrset",
    query = { name = "a b.example" }, body = not reads and "<x/>" or nil }
  return { name = root.name })";

struct Aws {
    explicit Aws(const std::string& request) {
        Library library;
        library.texts =
            std::make_shared<Texts>(Texts{{"drivers/thing/own.lua", aws_driver(request)}});
        const auto kind = lua_drivers().find(library, "thing", "own");
        REQUIRE_MESSAGE(kind.ok(), (kind.ok() ? "" : kind.error().message));
        rig = std::make_unique<DriverRig>(thing_family, **kind, "thing/one");
        rig->secrets = {{"ID", "AKIDEXAMPLE"}, {"KEY", "s3cretkey"}, {"TOKEN", "t0ken"}};
        REQUIRE(rig->make(fields("url", server.url(), "region", "eu-west-1", "credentials",
                                 fields("access_key_id", make_secret("ID"), "secret_access_key",
                                        make_secret("KEY"), "session_token", make_secret("TOKEN"))))
                    .ok());
    }
    void answer(const std::string& body, int status = 200,
                const std::string& type = "application/x-amz-json-1.1") {
        server.reply({.status = status, .headers = {{"Content-Type", type}}, .body = body});
    }
    Changed add() { return rig->change("add", fields()); }

    HttpServer server;
    std::unique_ptr<DriverRig> rig;
};

// Signs what the server received anew, and compares.
void check_signature(const Aws& aws, const std::string& service, const std::string& region) {
    const ServedRequest sent = aws.server.requests().back();
    const std::string authorization = sent.headers.at("authorization");
    const auto names_at = authorization.find("SignedHeaders=") + 14;
    const std::string names =
        authorization.substr(names_at, authorization.find(',', names_at) - names_at);
    HttpRequest request = {.method = sent.method, .url = aws.server.url() + sent.target};
    for (const auto& [name, value] : sent.headers)
        if ((";" + names + ";").find(";" + name + ";") != std::string::npos && name != "host" &&
            name != "x-amz-date" && name != "x-amz-security-token")
            request.headers.emplace_back(name, value);
    std::string stamp = sent.headers.at("x-amz-date");
    for (const int at : {13, 11}) stamp.insert(static_cast<std::size_t>(at), ":");
    for (const int at : {6, 4}) stamp.insert(static_cast<std::size_t>(at), "-");
    const double at_s = *parse_time(stamp);
    CHECK(std::abs(at_s - wall_now_s()) < 60);
    const AwsSigner signer = {.access_key_id = "AKIDEXAMPLE",
                              .secret_access_key = "s3cretkey",
                              .session_token = "t0ken",
                              .service = service,
                              .region = region};
    sign_aws_request(signer, request, aws_payload(sent.body), at_s);
    CHECK(request.headers.back().second == authorization);
    CHECK(sent.headers.at("x-amz-security-token") == "t0ken");
}

}  // namespace

TEST_CASE("a_json_request_of_aws_is_signed_with_opened_credentials") {
    Aws aws(json_request);
    aws.answer(R"({"Parameter":{"Name":"/a","Value":"hunter2hunter2"}})");
    const auto read = aws.rig->observe("read", fields());
    REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message));
    CHECK((*read)["answer"]["Parameter"]["Value"].is_secret());
    const ServedRequest sent = aws.server.requests().back();
    CHECK(sent.headers.at("x-amz-target") == "AmazonSSM.GetParameter");
    CHECK(sent.headers.at("content-type") == "application/x-amz-json-1.1");
    CHECK(sent.body == R"({"Name":"/a","With":[1,true]})");
    CHECK(sent.target == "/");
    check_signature(aws, "ssm", "eu-west-1");
}

TEST_CASE("a_query_request_of_aws_is_a_flat_form") {
    Aws aws(query_request);
    aws.answer(
        "<ModifyRuleResponse><ModifyRuleResult><Rules><member><RuleArn>arn:x/y</RuleArn>"
        "</member></Rules></ModifyRuleResult></ModifyRuleResponse>",
        200, "text/xml");
    const Changed added = aws.add();
    REQUIRE_MESSAGE(added.done(), added.error().message);
    CHECK(added.outcome.value["rule"].text() == "arn:x/y");
    const std::string body = aws.server.requests().back().body;
    CHECK(body.find("Action=ModifyRule&") == 0);
    CHECK(body.find("&Version=2015-12-01") != std::string::npos);
    CHECK(body.find("Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight=99") !=
          std::string::npos);
    check_signature(aws, "elasticloadbalancing", "eu-west-1");
}

TEST_CASE("a_rest_request_of_a_global_service_is_signed_for_us_east_1") {
    Aws aws(rest_request);
    aws.answer("<Answer/>", 200, "text/xml");
    REQUIRE(aws.rig->observe("read", fields()).ok());
    CHECK(aws.server.requests().back().target ==
          "/2013-04-01/hostedzone/Z1/rrset?name=a%20b.example");
    check_signature(aws, "route53", "us-east-1");
    REQUIRE(aws.add().done());
    CHECK(aws.server.requests().back().headers.at("content-type") == "application/xml");
    check_signature(aws, "route53", "us-east-1");
}

TEST_CASE("without_a_url_a_request_goes_to_the_service_s_address_in_its_region") {
    Aws aws(json_request);
    REQUIRE(aws.rig
                ->make(fields("region", "no-such-region-1", "credentials",
                              fields("access_key_id", "AKID", "secret_access_key", "key")))
                .ok());
    const Changed added = aws.add();
    CHECK(added.kind() == "not_sent");
    CHECK(added.error().message.find("ssm.no-such-region-1.amazonaws.com") != std::string::npos);
}

TEST_CASE("missing_credentials_are_named_and_nothing_is_sent") {
    Aws aws(json_request);
    REQUIRE(aws.rig->make(fields("url", aws.server.url(), "region", "eu-west-1")).ok());
    Changed added = aws.add();
    CHECK(added.kind() == "failed");
    CHECK(added.error().code == "bad_setting");
    CHECK(added.error().message.find("access_key_id") != std::string::npos);
    REQUIRE(
        aws.rig
            ->make(fields("url", aws.server.url(), "region", "eu-west-1", "credentials",
                          fields("access_key_id", "a\r\nX-Evil: 1", "secret_access_key", "key")))
            .ok());
    added = aws.add();
    CHECK(added.error().code == "bad_header");
    CHECK(aws.server.count() == 0);
}

TEST_CASE("a_request_that_is_signed_wrongly_is_refused") {
    const std::string before = "http.get { url = call.settings.url, path = \"/\", ";
    const std::pair<std::string, std::string> cases[] = {
        {"sign = { kind = \"azure\" } }", "its kind must be \"aws\""},
        {"sign = { kind = \"aws\", region = \"x\" } }", "it needs service"},
        {"sign = { kind = \"aws\", servise = \"x\" } }", "Did you mean \"service\""},
        {"bearer = \"b\", sign = { kind = \"aws\", service = \"x\", region = \"y\" } }",
         "Authorization of its own"},
    };
    for (const auto& [sign, why] : cases) {
        Aws aws(before + sign);
        const auto read = aws.rig->observe("read", fields());
        REQUIRE_FALSE(read.ok());
        CHECK(read.error().code == "bad_argument");
        CHECK_MESSAGE(read.error().message.find(why) != std::string::npos, read.error().message);
        CHECK(aws.server.count() == 0);
    }
}

TEST_CASE("what_aws_throttles_was_not_executed") {
    Aws aws(json_request);
    for (const std::string code :
         {"com.amazonaws.ssm#ThrottlingException", "TooManyUpdates", "PriorRequestNotComplete"}) {
        aws.answer(R"({"__type":")" + code + R"(","message":"Rate exceeded"})", 400);
        const Changed added = aws.add();
        CHECK(added.kind() == "not_sent");
        CHECK(added.error().code == "throttled");
        CHECK(added.error().message ==
              "thing/one: AWS answered PutParameter of ssm with 400, " +
                  code.substr(code.find('#') + 1) +
                  ": Rate exceeded. It was not executed and may be tried again.");
    }
    CHECK(aws.server.count() == 3);
    Aws query(query_request);
    query.answer(
        "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate "
        "exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>",
        400, "text/xml");
    CHECK(query.add().kind() == "not_sent");
}

TEST_CASE("a_throttled_read_is_repeated") {
    Aws aws(json_request);
    const Reply throttled = {.status = 400,
                             .headers = {{"Content-Type", "application/x-amz-json-1.1"}},
                             .body = R"({"__type":"ThrottlingException"})"};
    const Reply well = {.headers = {{"Content-Type", "application/json"}}, .body = "{}"};
    aws.server.replies({throttled, throttled, well});
    CHECK(aws.rig->observe("read", fields()).ok());
    CHECK(aws.server.count() == 3);
}

TEST_CASE("refused_credentials_and_missing_permissions_of_aws_are_told_apart") {
    Aws aws(rest_request);
    const auto refuse = [&](const std::string& code, int status) {
        aws.answer(
            "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type>"
            "<Code>" +
                code +
                "</Code><Message>No &amp; no</Message></Error>"
                "</ErrorResponse>",
            status, "text/xml");
        return aws.add();
    };
    Changed added = refuse("SignatureDoesNotMatch", 403);
    CHECK(added.kind() == "failed");
    CHECK(added.error().code == "credentials_refused");
    CHECK(added.error().message.find("No & no") != std::string::npos);
    CHECK(refuse("ExpiredToken", 403).error().code == "credentials_refused");
    CHECK(refuse("InvalidClientTokenId", 403).error().code == "credentials_refused");
    added = refuse("AccessDenied", 403);
    CHECK(added.kind() == "failed");
    CHECK(added.error().code == "permission_denied");
    CHECK(added.error().detail["aws_code"].text() == "AccessDenied");
    for (const auto& [name, value] : aws.rig->secrets)
        CHECK(added.error().message.find(value) == std::string::npos);
    added = refuse("NoSuchHostedZone", 404);
    CHECK(added.error().code == "refused");
    CHECK(added.kind() == "failed");
}

TEST_CASE("an_error_of_aws_s_own_leaves_doubt_and_one_without_its_form_is_told_as_it_came") {
    Aws aws(json_request);
    aws.answer(R"({"__type":"InternalServerError","message":"Oops"})", 500);
    Changed added = aws.add();
    CHECK(added.kind() == "unknown");
    CHECK(added.error().message.find("InternalServerError: Oops.") != std::string::npos);
    aws.answer(R"({"__type":"ThrottlingException"})", 503);
    added = aws.add();
    CHECK(added.kind() == "unknown");
    CHECK(added.error().message.find("It may have been executed.") != std::string::npos);
    aws.answer("<html>no such page</html>", 404, "text/html");
    added = aws.add();
    CHECK(added.kind() == "failed");
    CHECK(added.error().message.find("no such page") != std::string::npos);
    aws.answer(R"({"__type":"ParameterNotFound"})", 400);
    CHECK((*aws.rig->observe("read", fields()))["answer"].text() == "absent");
}

TEST_CASE("a_good_answer_that_is_not_aws_s_is_no_success") {
    for (const auto& request : {json_request, query_request, rest_request}) {
        Aws aws(request);
        aws.answer("Welcome to the portal", 200, "text/plain");
        const Changed added = aws.add();
        CHECK(added.kind() == "unknown");
        CHECK(added.error().code == "bad_answer");
        if (request == query_request) continue;  // Of which there is no read here.
        const auto read = aws.rig->observe("read", fields());
        REQUIRE_FALSE(read.ok());
        CHECK(read.error().code == "bad_answer");
        CHECK(read.error().retry == Retry::safe);
    }
}

}  // namespace perilune::test
