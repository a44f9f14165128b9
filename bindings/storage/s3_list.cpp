#include "bindings/storage/s3_list.h"

#include <algorithm>

#include "interpreter/base/do_many.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t page_keys = 1000;
constexpr std::size_t heads_at_once = 16;

Error endless(const S3& s3) {
    return fail("bad_answer", "Listing " + s3.place.target +
                                  ": a page says that more follow, but not where they begin. Check "
                                  "that the endpoint is one of an S3 service.");
}

bool is_encoded(const XmlElement& page) { return page.at("EncodingType") == "url"; }

// The key of an entry; a service that does not say that it encodes keys gives them as they are.
std::string key_of(const XmlElement& page, const XmlElement& entry) {
    const std::string& text = entry.at("Key");
    return is_encoded(page) ? decode_key(text) : text;
}

// Where the page after this one begins. Ceph encodes the keys of a page but not this one, so a
// marker that is the page's last key in either form is that key.
std::string next_key_marker(const XmlElement& page, const std::string& last_key) {
    const std::string& text = page.at("NextKeyMarker");
    if (text == last_key || decode_key(text) == last_key) return last_key;
    return is_encoded(page) ? decode_key(text) : text;
}

// A place in a listing that is not paged by tokens.
struct Marker {
    std::string key;
    std::string id;  // Of a version or an upload.
    bool operator==(const Marker&) const = default;
};

// Goes on to the place where the next page begins; false where the service names none, or the one
// that this page began with.
bool go_on(Marker& marker, const XmlElement& page, const std::string& last_key,
           std::string_view id_name) {
    Marker next{.key = next_key_marker(page, last_key), .id = page.at(id_name)};
    if (next.key.empty() || next == marker) return false;
    marker = std::move(next);
    return true;
}

S3Request listing(const std::string& doing, const std::string& answer) {
    S3Request request;
    request.doing = doing;
    request.answer = answer;
    // Without it, keys that XML has no characters for could not be told (AWS, "ListObjectsV2").
    request.query = {{"encoding-type", "url"}};
    return request;
}

// When the newest part of an upload came, or it was begun.
Awaitable<Result<double>> written_at(S3Pointer s3, const S3OpenUpload* upload, S3Bounds bounds) {
    S3Request request = listing("Looking at uploads", "ListPartsResult");
    request.key = upload->full_key;
    request.query = {{"uploadId", upload->id}};
    double newest_s = upload->written_at_s;
    std::string asked_after;
    for (;;) {
        auto asking = send_s3_patiently(s3, request, bounds);
        const auto answer = co_await asking;
        if (!answer) co_return answer.error();
        for (const auto* part : answer->xml.all("Part"))
            if (const auto at = parse_time(part->at("LastModified")))
                newest_s = std::max(newest_s, *at);
        const std::string& next = answer->xml.at("NextPartNumberMarker");
        if (answer->xml.at("IsTruncated") != "true") co_return newest_s;
        if (next.empty() || next == asked_after) co_return endless(*s3);
        asked_after = next;
        request.query = {{"uploadId", upload->id}, {"part-number-marker", next}};
    }
}

}  // namespace

Awaitable<Result<std::vector<S3Object>>> list_s3(S3Pointer s3, S3ListWish wish, S3Bounds bounds) {
    std::vector<S3Object> objects;
    std::string token;
    while (objects.size() < wish.limit) {
        S3Request request = listing("Listing", "ListBucketResult");
        request.query.emplace_back("list-type", "2");
        request.query.emplace_back("prefix", s3->place.full_prefix(wish.prefix));
        request.query.emplace_back(
            "max-keys", std::to_string(std::min(page_keys, wish.limit - objects.size())));
        if (!wish.after.empty())
            request.query.emplace_back("start-after", s3->place.full_prefix(wish.after));
        if (!token.empty()) request.query.emplace_back("continuation-token", token);
        auto asking = send_s3_patiently(s3, std::move(request), bounds);
        const auto answer = co_await asking;
        if (!answer) co_return answer.error();
        for (const auto* entry : answer->xml.all("Contents")) {
            const std::string key = key_of(answer->xml, *entry);
            // Another key is no object of this target, whatever a service may answer.
            if (!key.starts_with(s3->place.prefix)) continue;
            objects.push_back(read_s3_entry(s3->place, key, *entry));
        }
        if (answer->xml.at("IsTruncated") != "true") break;
        const std::string& next = answer->xml.at("NextContinuationToken");
        if (next.empty() || next == token) co_return endless(*s3);
        token = next;
    }
    if (objects.size() > wish.limit) objects.resize(wish.limit);
    co_return objects;
}

Awaitable<Result<std::vector<S3Object>>> list_s3_versions(S3Pointer s3, S3VersionsWish wish,
                                                          S3Bounds bounds) {
    std::vector<S3Object> versions;
    Marker marker;
    const std::string& prefix = wish.key.empty() ? wish.prefix : wish.key;
    for (;;) {
        S3Request request = listing("Listing versions", "ListVersionsResult");
        request.query.emplace_back("versions", "");
        request.query.emplace_back("prefix", s3->place.full_prefix(prefix));
        if (!marker.key.empty()) request.query.emplace_back("key-marker", marker.key);
        if (!marker.id.empty()) request.query.emplace_back("version-id-marker", marker.id);
        auto asking = send_s3_patiently(s3, std::move(request), bounds);
        const auto answer = co_await asking;
        if (!answer) co_return answer.error();
        bool past = false;  // The wanted key's versions come before those of longer keys.
        std::string last_key;
        for (const auto& entry : answer->xml.children) {
            if (entry.name != "Version" && entry.name != "DeleteMarker") continue;
            const std::string key = key_of(answer->xml, entry);
            last_key = std::max(last_key, key);
            if (!key.starts_with(s3->place.prefix)) continue;
            S3Object version = read_s3_entry(s3->place, key, entry);
            const bool wanted = wish.key.empty() || version.key == wish.key;
            past |= !wanted;
            if (wanted) versions.push_back(std::move(version));
        }
        if (past || answer->xml.at("IsTruncated") != "true") break;
        if (!go_on(marker, answer->xml, last_key, "NextVersionIdMarker")) co_return endless(*s3);
    }
    // Some services list marks of deletions apart from versions.
    std::ranges::stable_sort(versions, [](const S3Object& one, const S3Object& other) {
        if (one.key != other.key) return one.key < other.key;
        if (one.latest != other.latest) return one.latest;
        return one.modified_at_s > other.modified_at_s;
    });
    co_return versions;
}

Awaitable<Result<std::vector<S3OpenUpload>>> list_s3_uploads(S3Pointer s3, S3Bounds bounds) {
    std::vector<S3OpenUpload> uploads;
    Marker marker;
    for (;;) {
        S3Request request = listing("Listing uploads", "ListMultipartUploadsResult");
        // Ceph encodes these keys where it is asked to, and does not say so: it is not asked.
        request.query = {{"uploads", ""}, {"prefix", s3->place.prefix}};
        if (!marker.key.empty()) request.query.emplace_back("key-marker", marker.key);
        if (!marker.id.empty()) request.query.emplace_back("upload-id-marker", marker.id);
        auto asking = send_s3_patiently(s3, std::move(request), bounds);
        const auto answer = co_await asking;
        if (!answer) co_return answer.error();
        std::string last_key;
        for (const auto* entry : answer->xml.all("Upload")) {
            const std::string key = key_of(answer->xml, *entry);
            last_key = std::max(last_key, key);
            if (!key.starts_with(s3->place.prefix)) continue;
            const auto begun = parse_time(entry->at("Initiated"));
            uploads.push_back(
                {.full_key = key, .id = entry->at("UploadId"), .written_at_s = begun ? *begun : 0});
        }
        if (answer->xml.at("IsTruncated") != "true") break;
        if (!go_on(marker, answer->xml, last_key, "NextUploadIdMarker")) co_return endless(*s3);
    }
    for (auto& upload : uploads) {
        auto asking = written_at(s3, &upload, bounds);
        const auto at_s = co_await asking;
        if (!at_s && at_s.error().code != "not_found") co_return at_s.error();
        if (at_s) upload.written_at_s = *at_s;
    }
    co_return uploads;
}

Awaitable<Result<std::vector<S3Object>>> describe_s3(S3Pointer s3, std::vector<S3Object> listed,
                                                     S3Bounds bounds) {
    std::vector<std::optional<S3Object>> described(listed.size());
    std::optional<Error> failed;
    NumberedWork work = [&](std::size_t number, std::shared_ptr<Cancel> cancel) -> Awaitable<bool> {
        const S3Object& object = listed[number];
        if (object.deleted) {
            described[number] = object;
            co_return true;
        }
        const S3Bounds own{.deadline_s = bounds.deadline_s, .cancel = std::move(cancel)};
        auto asking = head_s3(s3, object.key, object.version, own);
        auto found = co_await asking;
        if (!found) {
            if (!failed) failed = found.error();
            co_return false;
        }
        if (*found) {
            (*found)->latest = object.latest;
            // A listing's time may be finer than a second.
            if (object.modified_at_s > 0) (*found)->modified_at_s = object.modified_at_s;
            described[number] = std::move(*found);
        }
        co_return true;
    };
    auto doing = do_many(s3->services->loop, listed.size(), heads_at_once, bounds.cancel, work);
    const bool well = co_await doing;
    if (!well && !failed)
        failed = fail("cancelled",
                      "Looking at the objects of " + s3->place.target + " was told to stop.",
                      Retry::safe);
    if (failed) co_return *failed;
    std::vector<S3Object> all;
    for (auto& object : described)
        if (object) all.push_back(std::move(*object));
    co_return all;
}

}  // namespace perilune
