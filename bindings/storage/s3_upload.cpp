#include "bindings/storage/s3_upload.h"

#include "bindings/storage/s3_crc64.h"
#include "bindings/storage/s3_errors.h"
#include "interpreter/base/aws_signature.h"
#include "interpreter/base/digest.h"

namespace perilune {

namespace {

constexpr std::size_t name_digits = 16;

struct PartDigests {
    std::string sha256;
    std::uint64_t crc = 0;
};

PartDigests digest_part(const std::string& bytes) {
    return {.sha256 = aws_payload(bytes), .crc = crc64_nvme(0, bytes)};
}

// A checksum is 64 bits wide, and a number of the journal 53: it travels as text.
Value value_of(const std::string& upload, const S3Part& part) {
    Value value;
    value.set("upload", upload).set("etag", part.etag).set("size_bytes", part.size_bytes);
    return value.set("digest", part.digest).set("crc64", std::to_string(part.crc));
}

S3Part part_of(const Value& value) {
    return {.etag = value["etag"].text(),
            .size_bytes = value["size_bytes"].number(),
            .digest = value["digest"].text(),
            .crc = std::strtoull(value["crc64"].text().c_str(), nullptr, 10)};
}

bool is_gone(const Error& error) {
    return error.code == "not_found" && error.detail["s3_code"].text() == "NoSuchUpload";
}

}  // namespace

S3Upload::S3Upload(S3Pointer s3, S3Writing writing, Call* call)
    : s3_(std::move(s3)), writing_(std::move(writing)), call_(call) {}

// An upload fits another try only where the object shall be the same.
std::string S3Upload::upload_name() const {
    std::string wanted = writing_.full_key;
    for (const auto& [name, value] : writing_.headers) wanted += '\n' + name + ':' + value;
    return "upload " + to_hex(sha256(wanted)).substr(0, name_digits);
}

std::string S3Upload::part_name(int number) const {
    return upload_name() + " part " + std::to_string(number);
}

Awaitable<bool> S3Upload::keep_part(int number, S3Part part) {
    parts_[number] = part;
    auto keeping = keep_part_of(s3_, call_, part_name(number), value_of(id_, part));
    const bool kept = co_await keeping;
    co_return kept;
}

// What an earlier try has sent: only parts of the upload that was begun last.
void S3Upload::take_up(const Map& parts) {
    const auto begun = parts.find(upload_name());
    if (begun == parts.end()) return;
    id_ = begun->second["upload"].text();
    writing_.mark = begun->second["mark"].text();
    const std::string prefix = upload_name() + " part ";
    for (const auto& [name, value] : parts) {
        if (!name.starts_with(prefix) || value["upload"].text() != id_) continue;
        const long number = std::strtol(name.c_str() + prefix.size(), nullptr, 10);
        parts_[static_cast<int>(number)] = part_of(value);
    }
}

Awaitable<Result<std::shared_ptr<S3Upload>>> S3Upload::begin(S3Pointer s3, S3Writing writing,
                                                             Call* call, S3Bounds bounds) {
    if (writing.mark.empty()) writing.mark = mark_of_write(call);
    std::shared_ptr<S3Upload> made(new S3Upload(std::move(s3), std::move(writing), call));
    if (call) made->take_up(call->parts);
    auto looking = made->is_usable(bounds);
    const auto usable = co_await looking;
    if (!usable) co_return usable.error();
    if (*usable) co_return made;
    auto creating = made->create(bounds);
    const auto created = co_await creating;
    if (!created) co_return created.error();
    co_return made;
}

// Of an upload taken up: whether it is still there, or was completed by its last request. Else it
// was aborted, and all is sent anew.
Awaitable<Result<bool>> S3Upload::is_usable(S3Bounds bounds) {
    if (id_.empty()) co_return false;
    S3Request request;
    request.doing = writing_.doing;
    request.key = writing_.full_key;
    request.query = {{"max-parts", "1"}, {"uploadId", id_}};
    auto asking = send_s3_patiently(s3_, std::move(request), bounds);
    const auto answer = co_await asking;
    if (answer) co_return true;
    if (answer.error().code != "not_found") co_return answer.error();
    auto finding = find_written(s3_, &writing_, bounds);
    const auto found = co_await finding;
    if (!found) co_return found.error();
    co_return found->has_value();
}

Awaitable<Status> S3Upload::create(S3Bounds bounds) {
    parts_.clear();
    S3Request request;
    request.doing = writing_.doing;
    request.method = "POST";
    request.key = writing_.full_key;
    request.query = {{"uploads", ""}};
    request.headers = headers_of(writing_);
    request.answer = "InitiateMultipartUploadResult";
    if (s3_->place.sends_checksums) {
        request.headers.emplace_back("x-amz-checksum-algorithm", "CRC64NVME");
        request.headers.emplace_back("x-amz-checksum-type", "FULL_OBJECT");
    }
    auto sending = send_s3_patiently(s3_, std::move(request), bounds);
    const auto answer = co_await sending;
    if (!answer) co_return answer.error();
    id_ = answer->xml.at("UploadId");
    if (id_.empty())
        co_return fail("bad_answer", writing_.doing + " of " + s3_->place.target +
                                         ": the service began an upload without a name.");
    Value begun;
    begun.set("upload", id_).set("mark", writing_.mark).set("key", writing_.key);
    auto keeping = keep_part_of(s3_, call_, upload_name(), std::move(begun));
    co_await keeping;
    co_return Done{};
}

Awaitable<Status> S3Upload::send(int number, std::shared_ptr<const std::string> bytes,
                                 S3Bounds bounds) {
    auto digesting =
        off_loop<PartDigests>(s3_->services->loop, [bytes] { return digest_part(*bytes); });
    const PartDigests digests = co_await digesting;
    const auto kept = parts_.find(number);
    if (kept != parts_.end() && kept->second.digest == digests.sha256) co_return Done{};
    S3Request request;
    request.doing = writing_.doing;
    request.method = "PUT";
    request.key = writing_.full_key;
    request.query = {{"partNumber", std::to_string(number)}, {"uploadId", id_}};
    request.repeatable = true;
    request.lent = *bytes;
    request.payload = digests.sha256;
    if (s3_->place.sends_checksums)
        request.headers.emplace_back("x-amz-checksum-crc64nvme", crc64_text(digests.crc));
    auto sending = send_s3_patiently(s3_, std::move(request), bounds);
    const auto answer = co_await sending;
    if (!answer) co_return answer.error();
    S3Part part{.etag = plain_etag(answer->header("etag")),
                .size_bytes = static_cast<double>(bytes->size()),
                .digest = digests.sha256,
                .crc = digests.crc};
    auto keeping = keep_part(number, std::move(part));
    co_await keeping;
    co_return Done{};
}

Awaitable<Status> S3Upload::copy(int number, const S3Object* from, double first, double last,
                                 S3Bounds bounds) {
    if (parts_.contains(number)) co_return Done{};
    S3Request request;
    request.doing = writing_.doing;
    request.method = "PUT";
    request.key = writing_.full_key;
    request.query = {{"partNumber", std::to_string(number)}, {"uploadId", id_}};
    request.repeatable = true;
    request.headers = copy_source_of(s3_->place, *from);
    request.headers.emplace_back("x-amz-copy-source-range",
                                 "bytes=" + std::to_string(static_cast<std::int64_t>(first)) + "-" +
                                     std::to_string(static_cast<std::int64_t>(last)));
    request.answer = "CopyPartResult";
    auto sending = send_s3_patiently(s3_, std::move(request), bounds);
    const auto answer = co_await sending;
    if (!answer) co_return answer.error();
    S3Part part{.etag = plain_etag(answer->xml.at("ETag")),
                .size_bytes = last - first + 1,
                .digest = {},
                .crc = 0};
    auto keeping = keep_part(number, std::move(part));
    co_await keeping;
    co_return Done{};
}

S3Object S3Upload::object_of(const S3Answer& answer, int count) const {
    S3Object object;
    object.key = writing_.key;
    object.etag = plain_etag(answer.xml.at("ETag"));
    object.version = answer.header("x-amz-version-id");
    object.modified_at_s = read_http_date(answer.header("date"));
    object.sha256 = writing_.digest;
    object.call = writing_.mark;
    for (int number = 1; number <= count; ++number)
        object.size_bytes += parts_.at(number).size_bytes;
    for (const auto& [name, value] : writing_.headers)
        if (name == "content-type") object.content_type = value;
    return object;
}

Awaitable<Result<S3Object>> S3Upload::complete(int count, S3Bounds bounds) {
    XmlElement document{.name = "CompleteMultipartUpload", .text = {}, .children = {}};
    std::uint64_t crc = 0;
    bool has_crc = s3_->place.sends_checksums;
    for (int number = 1; number <= count; ++number) {
        const S3Part& part = parts_.at(number);
        XmlElement entry{.name = "Part", .text = {}, .children = {}};
        entry.add("PartNumber", std::to_string(number)).add("ETag", '"' + part.etag + '"');
        document.add(std::move(entry));
        has_crc &= !part.digest.empty();
        crc = crc64_joined(crc, part.crc, static_cast<std::uint64_t>(part.size_bytes));
    }
    S3Request request;
    request.doing = writing_.doing;
    request.method = "POST";
    request.key = writing_.full_key;
    request.query = {{"uploadId", id_}};
    request.body = write_xml_document(document);
    request.headers.emplace_back("content-type", "application/xml");
    request.headers.insert(request.headers.end(), writing_.conditions.begin(),
                           writing_.conditions.end());
    request.answer = "CompleteMultipartUploadResult";
    if (has_crc) {
        request.headers.emplace_back("x-amz-checksum-crc64nvme", crc64_text(crc));
        request.headers.emplace_back("x-amz-checksum-type", "FULL_OBJECT");
    }
    auto sending = send_s3_patiently(s3_, std::move(request), bounds);
    const auto answer = co_await sending;
    // An upload that is gone may have been completed by a request whose answer was lost.
    if (!answer && !is_gone(answer.error()) && !passes_soon(answer.error()))
        co_return answer.error();
    auto looking = find_written(s3_, &writing_, bounds);
    auto found = co_await looking;
    if (found && *found) co_return std::move(**found);
    if (answer) co_return object_of(*answer, count);
    if (!is_gone(answer.error())) co_return answer.error();
    co_return fail("upload_gone",
                   writing_.doing + " of " + s3_->place.target +
                       ": the service no longer has the upload, and no object came of it. "
                       "Somebody aborted it, or a lifecycle rule did. Send it again.");
}

Awaitable<Status> S3Upload::abort(S3Bounds bounds) {
    S3Request request;
    request.doing = "Giving up the upload of \"" + writing_.key + "\"";
    request.method = "DELETE";
    request.repeatable = true;
    request.key = writing_.full_key;
    request.query = {{"uploadId", id_}};
    auto sending = send_s3_patiently(s3_, std::move(request), bounds);
    const auto answer = co_await sending;
    if (!answer && answer.error().code != "not_found") co_return answer.error();
    co_return Done{};
}

}  // namespace perilune
