// Signature Version 4 against the vectors that AWS publishes, and facts worked out by others.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include <doctest/doctest.h>

#include "interpreter/base/aws_signature.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune::test {

namespace {

constexpr double vector_time_s = 1440938160;  // 2015-08-30T12:36:00Z
const std::string empty_digest = aws_payload("");

AwsSigner example_signer() {
    return {.access_key_id = "AKIDEXAMPLE",
            .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            .session_token = {},
            .service = "service",
            .region = "us-east-1"};
}

HttpRequest get(const std::string& url) {
    HttpRequest request;
    request.url = url;
    return request;
}

std::string header(const HttpRequest& request, const std::string& name) {
    for (const auto& [known, value] : request.headers)
        if (known == name) return value;
    return "";
}

// A request as the vectors write it: a line, headers (a line that begins with blanks goes on), an
// empty line, the body.
HttpRequest read_request(const std::string& text) {
    HttpRequest request;
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    const auto path = line.find(' ') + 1;
    request.method = line.substr(0, path - 1);
    request.url = "https://example.amazonaws.com" + line.substr(path, line.rfind(' ') - path);
    while (std::getline(lines, line) && !line.empty()) {
        if (line[0] == ' ') {
            request.headers.back().second += "\n" + line;
        } else {
            const auto colon = line.find(':');
            request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
        }
    }
    request.body = {std::istreambuf_iterator<char>(lines), {}};
    return request;
}

void check_vector(const std::string& name, const Value& vector) {
    INFO(name);
    const Value& context = vector["context.json"];
    const Value& credentials = context["credentials"];
    AwsSigner signer = {.access_key_id = credentials["access_key_id"].text(),
                        .secret_access_key = credentials["secret_access_key"].text(),
                        .session_token = credentials["token"].text(),
                        .service = context["service"].text(),
                        .region = context["region"].text()};
    if (!context["normalize"].boolean()) signer.path = AwsPath::as_sent;
    // Such a token is put into the request after it has been signed without it.
    if (context["omit_session_token"].boolean()) signer.session_token.clear();
    const double at_s = *parse_time(context["timestamp"].text());

    HttpRequest by_header = read_request(vector["request.txt"].text());
    const std::string payload = aws_payload(by_header.body);
    if (context["sign_body"].boolean())
        by_header.headers.emplace_back("x-amz-content-sha256", payload);
    const auto signature = sign_aws_request(signer, by_header, payload, at_s);
    CHECK(signature.canonical_request == vector["header-canonical-request.txt"].text());
    CHECK(signature.string_to_sign == vector["header-string-to-sign.txt"].text());
    CHECK(signature.signature == vector["header-signature.txt"].text());
    const std::string sent = vector["header-signed-request.txt"].text();
    CHECK(sent.find("Authorization:" + header(by_header, "Authorization") + "\n") !=
          std::string::npos);

    HttpRequest by_query = read_request(vector["request.txt"].text());
    const auto presigned =
        presign_aws_url(signer, by_query, payload, at_s,
                        static_cast<int>(context["expiration_in_seconds"].integer()));
    CHECK(presigned.canonical_request == vector["query-canonical-request.txt"].text());
    CHECK(presigned.string_to_sign == vector["query-string-to-sign.txt"].text());
    CHECK(presigned.signature == vector["query-signature.txt"].text());
}

}  // namespace

TEST_CASE("signs_as_the_published_vectors_do") {
    const char* folder = std::getenv("PERILUNE_SPECS");
    std::ifstream file(std::string(folder ? folder : ".") + "/aws/sigv4-testsuite.json");
    const char* ci = std::getenv("CI");
    if (!file) {
        MESSAGE("skipped: aws/sigv4-testsuite.json is not in the folder PERILUNE_SPECS");
        CHECK_FALSE((ci && std::string(ci) == "true"));
        return;
    }
    const auto vectors = from_json(std::string(std::istreambuf_iterator<char>(file), {}));
    REQUIRE(vectors.ok());
    CHECK(vectors->map().size() == 38);
    for (const auto& [name, vector] : vectors->map()) check_vector(name, vector);
}

// From the vectors get-vanilla and get-vanilla-with-session-token.
TEST_CASE("adds_the_headers_that_sign_a_request") {
    HttpRequest request = get("https://example.amazonaws.com/");
    const auto signature = sign_aws_request(example_signer(), request, empty_digest, vector_time_s);
    CHECK(signature.signature ==
          "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    CHECK(header(request, "X-Amz-Date") == "20150830T123600Z");
    CHECK(header(request, "Authorization") ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
          "SignedHeaders=host;x-amz-date, "
          "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    CHECK(header(request, "X-Amz-Content-Sha256").empty());
    AwsSigner session = example_signer();
    session.session_token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    HttpRequest temporary = get("https://example.amazonaws.com/");
    CHECK(sign_aws_request(session, temporary, empty_digest, vector_time_s).signature ==
          "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8");
    CHECK(header(temporary, "X-Amz-Security-Token") == session.session_token);
}

// "Signature calculations for the authorization header", example "GET object", of S3's manual.
TEST_CASE("signs_for_s3_with_the_body_s_digest_as_a_header") {
    AwsSigner signer = example_signer();
    signer.access_key_id = "AKIAIOSFODNN7EXAMPLE";
    signer.secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    signer.service = "s3";
    signer.path = aws_path_of("s3");
    HttpRequest request = get("https://examplebucket.s3.amazonaws.com/test.txt");
    request.headers = {{"Range", "bytes=0-9"}, {"User-Agent", "perilune"}};
    const auto signature =
        sign_aws_request(signer, request, empty_digest, *parse_time("2013-05-24T00:00:00Z"));
    CHECK(signature.signature ==
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    CHECK(header(request, "X-Amz-Content-Sha256") == empty_digest);
    CHECK(header(request, "Authorization").find("user-agent") == std::string::npos);
}

// The example of "Authenticating requests: using query parameters" of S3's manual.
TEST_CASE("presigns_an_object_of_s3") {
    AwsSigner signer = example_signer();
    signer.access_key_id = "AKIAIOSFODNN7EXAMPLE";
    signer.secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    signer.service = "s3";
    signer.path = AwsPath::as_sent;
    HttpRequest request = get("https://examplebucket.s3.amazonaws.com/test.txt");
    presign_aws_url(signer, request, aws_unsigned_payload, *parse_time("2013-05-24T00:00:00Z"),
                    86400);
    CHECK(request.url ==
          "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
          "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
          "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
          "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("encodes_an_s3_path_once_and_every_other_twice") {
    AwsSigner signer = example_signer();
    HttpRequest request = get("https://host.example/a%20b/%2Fc//d/../e?x=%7E&empty&a=1%2B1");
    auto signature = sign_aws_request(signer, request, empty_digest, vector_time_s);
    CHECK(signature.canonical_request.starts_with("GET\n/a%2520b/%252Fc/e\na=1%2B1&empty=&x=~\n"));
    signer.path = AwsPath::as_sent;
    request = get("https://host.example/a%20b/%2Fc//d/../e?x=%7E&empty&a=1%2B1");
    signature = sign_aws_request(signer, request, empty_digest, vector_time_s);
    CHECK(
        signature.canonical_request.starts_with("GET\n/a%20b/%2Fc//d/../e\na=1%2B1&empty=&x=~\n"));
}

TEST_CASE("signs_the_host_with_its_port_unless_it_is_the_scheme_s_own") {
    const auto host_line = [](const std::string& url) {
        HttpRequest request = get(url);
        const auto made = sign_aws_request(example_signer(), request, empty_digest, vector_time_s);
        const auto at = made.canonical_request.find("host:") + 5;
        return made.canonical_request.substr(at, made.canonical_request.find('\n', at) - at);
    };
    CHECK(host_line("https://a.example:443/x") == "a.example");
    CHECK(host_line("http://a.example:80") == "a.example");
    CHECK(host_line("http://127.0.0.1:4566/") == "127.0.0.1:4566");
    CHECK(host_line("https://a.example:80/") == "a.example:80");
}

}  // namespace perilune::test
