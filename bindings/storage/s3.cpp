// The driver `s3`: a bucket of AWS S3, Cloudflare R2 or any service that speaks their protocol.
#include "bindings/storage/s3_handlers.h"
#include "bindings/storage/s3_objects.h"
#include "bindings/storage/storage.h"
#include "interpreter/base/findings.h"

namespace perilune {

namespace {

constexpr Setting settings[] = {
    {.name = "bucket", .doc = "The bucket's name.", .identity = true},
    {.name = "prefix",
     .doc = "A part of the bucket: keys are relative to it and never outside it.",
     .need = Need::optional,
     .identity = true},
    {.name = "region",
     .doc = "Where the bucket is; \"auto\" for R2.",
     .need = Need::optional,
     .fallback = "us-east-1",
     .identity = true},
    {.name = "endpoint",
     .doc = "The service's URL, such as https://ACCOUNT.r2.cloudflarestorage.com; without it AWS "
            "S3 in that region.",
     .need = Need::optional,
     .identity = true},
    {.name = "addressing",
     .doc = "Whether the bucket is named in the path of a URL or in its host; without it in the "
            "host for AWS, and in the path for other endpoints.",
     .need = Need::optional,
     .choices = "path|host"},
    {.name = "credentials",
     .type = Type::map,
     .doc = "{ access_key_id, secret_access_key, session_token? }; or { role: container }, "
            "instance or web_identity: keys of the role that AWS gives this task, machine or "
            "token; or the name of such an entry of the environment's credentials.",
     .may_be_secret = true},
    {.name = "certificate_authority",
     .doc = "A PEM file with the authority that signs the service's certificate; that one alone "
            "is then trusted. Otherwise the system's.",
     .need = Need::optional},
    {.name = "checksums",
     .doc = "Whether x-amz-checksum headers are sent and asked for; off for a service that "
            "refuses them.",
     .need = Need::optional,
     .fallback = "on",
     .choices = "on|off"},
    {.name = "etags",
     .doc = "Whether an ETag is the MD5 of the content, and is checked as such where the service "
            "states no better checksum; opaque where it is anything else.",
     .need = Need::optional,
     .fallback = "md5",
     .choices = "md5|opaque"},
    {.name = "conditions",
     .doc = "Who holds `only_if` of a put: the service, in one step with the write, or, for one "
            "that cannot (Ceph before release 20), a look just before it, which another writer "
            "may slip past.",
     .need = Need::optional,
     .fallback = "service",
     .choices = "service|look"},
    {.name = "replication_role",
     .doc = "The ARN of the role in whose name AWS copies objects for set_replication, which "
            "leaves the deletions in this bucket out. Services other than AWS need none.",
     .need = Need::optional},
    {.name = "part_size",
     .type = Type::size,
     .doc = "Content longer than this is sent in parts of this size. An object has 10,000 parts at "
            "most.",
     .need = Need::optional,
     .fallback = "8MiB"},
    {.name = "at_once",
     .type = Type::integer,
     .doc = "So many parts of one object are under way at once; each is held in memory.",
     .need = Need::optional,
     .fallback = "3"},
};

constexpr std::string_view operations[] = {"head",
                                           "get",
                                           "list",
                                           "digest",
                                           "versions",
                                           "verify",
                                           "compare",
                                           "usage",
                                           "settings",
                                           "presign",
                                           "put",
                                           "copy",
                                           "delete",
                                           "sync",
                                           "delete_many",
                                           "prune",
                                           "abort_uploads",
                                           "set_cors",
                                           "create_bucket",
                                           "set_versioning",
                                           "set_replication",
                                           "set_lifecycle",
                                           "restore_version",
                                           "restore_prefix",
                                           "replication_status"};

// A part of an upload that there is not: whoever may write is told so, and nothing is written
// (UploadPart needs s3:PutObject, and answers NoSuchUpload).
Awaitable<Result<Value>> examine(S3Pointer s3, Call* call) {
    Findings found(*call);
    S3Request request;
    request.doing = "Asking whether objects may be written";
    request.method = "PUT";
    request.key = s3->place.prefix + "perilune-doctor";
    request.query = {{"partNumber", "1"}, {"uploadId", "perilune-doctor"}};
    request.repeatable = true;
    auto asking = send_s3(s3, std::move(request), bounds_of(*call));
    const auto answer = co_await asking;
    const std::string code = answer ? "" : answer.error().code;
    if (code == "permission_denied") {
        found.lacks({"put", "copy", "sync", "restore_version", "restore_prefix"},
                    answer.error().message, "Allow it s3:PutObject on the target's objects.");
    } else if (code == "not_found" || code == "refused") {
        found.well("objects may be written");
    } else if (code == "credentials_refused") {
        found.refused(answer.error().message);
    } else {
        found.unchecked(
            "whether objects may be written: " +
            (answer ? "the service takes a part of no upload" : answer.error().message));
    }
    found.unchecked("whether objects may be deleted, and settings changed: only a change tells");
    co_return found.value();
}

Result<Driver> make_s3(const Settings& given, Services& services) {
    auto place = read_s3_place(given);
    if (!place) return place.error();
    const auto target = std::make_shared<S3Target>();
    target->s3 = std::make_shared<S3>();
    target->s3->place = std::move(*place);
    target->s3->services = &services;
    target->objects = std::make_shared<S3Objects>(target->s3);
    Driver driver;
    add_s3_reads(driver.operations, target);
    add_s3_content_reads(driver.operations, target);
    add_s3_puts(driver.operations, target);
    add_s3_copies(driver.operations, target);
    add_s3_deletions(driver.operations, target);
    add_s3_bulk_changes(driver.operations, target);
    add_s3_prefix_restores(driver.operations, target);
    add_s3_setup(driver.operations, target);
    add_s3_rules(driver.operations, target);
    add_s3_replication(driver.operations, target);
    add_s3_between(driver.operations, target);
    driver.objects = target->objects;
    driver.examine = [s3 = target->s3](Call& call) { return examine(s3, &call); };
    driver.state = target;
    return driver;
}

}  // namespace

constinit const DriverKind s3_kind = {
    .family = "storage",
    .name = "s3",
    .doc = R"(A bucket of AWS S3, Cloudflare R2 or any service that speaks S3's protocol.
Content is checked both ways. Versions, lifecycle rules and replication are the service's own: what
it lacks is refused with not_supported. Moments are whole seconds, as S3 dates versions.)",
    .settings = settings,
    .operations = operations,
    .make = make_s3,
    .doctor_checks =
        "the bucket and the credentials by its list; whether objects may be written, "
        "by a part of an upload that there is not",
    .doctor_cannot = "whether objects may be deleted, and the bucket's settings changed",
};

}  // namespace perilune
