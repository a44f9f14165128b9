#include "bindings/storage/s3_check.h"

#include <algorithm>
#include <cmath>

#include "bindings/storage/s3_crc64.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t md5_hex_size = 32;

bool is_md5(std::string_view text) {
    return text.size() == md5_hex_size && from_hex(text).size() == md5_hex_size / 2;
}

// Of a multipart ETag, "DIGEST-COUNT": whether its parts were of the size that was noted.
bool counts_parts(const S3Object& object) {
    const auto dash = object.etag.find('-');
    if (dash == std::string::npos || object.part_bytes < 1) return false;
    const double parts = std::ceil(std::max(object.size_bytes, 1.0) / object.part_bytes);
    return is_md5(object.etag.substr(0, dash)) &&
           object.etag.substr(dash + 1) == std::to_string(static_cast<long>(parts));
}

std::unique_ptr<Digest> md5() { return std::make_unique<Digest>("md5"); }

}  // namespace

S3Check::S3Check(const S3Place& place, const S3Object& object)
    : what_("Reading \"" + object.key + "\" of " + place.target), size_bytes_(object.size_bytes) {
    const auto crc = from_base64(object.crc64);
    const bool etag_counts = place.etags_are_digests && object.etag_is_md5;
    if (crc && crc->size() == sizeof crc_) {
        kind_ = Kind::crc64;
        expected_ = object.crc64;
    } else if (!object.sha256.empty()) {
        kind_ = Kind::sha256;
        expected_ = object.sha256;
        digest_ = std::make_unique<Digest>();
    } else if (etag_counts && is_md5(object.etag)) {
        kind_ = Kind::md5;
        expected_ = object.etag;
        digest_ = md5();
    } else if (etag_counts && counts_parts(object)) {
        kind_ = Kind::md5_of_parts;
        expected_ = object.etag;
        digest_ = md5();
        part_bytes_ = object.part_bytes;
    }
}

void S3Check::add(std::string_view bytes) {
    seen_bytes_ += static_cast<double>(bytes.size());
    switch (kind_) {
        case Kind::size: break;
        case Kind::crc64: crc_ = crc64_nvme(crc_, bytes); break;
        case Kind::sha256:
        case Kind::md5: digest_->add(bytes); break;
        case Kind::md5_of_parts: add_to_parts(bytes); break;
    }
}

void S3Check::add_to_parts(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto room = static_cast<std::size_t>(part_bytes_ - part_seen_bytes_);
        const auto piece = bytes.substr(0, room);
        digest_->add(piece);
        part_seen_bytes_ += static_cast<double>(piece.size());
        bytes.remove_prefix(piece.size());
        if (part_seen_bytes_ < part_bytes_) continue;
        part_digests_ += digest_->finish();
        digest_ = md5();
        part_seen_bytes_ = 0;
    }
}

std::string S3Check::found() {
    switch (kind_) {
        case Kind::size: return expected_;
        case Kind::crc64: return crc64_text(crc_);
        case Kind::sha256:
        case Kind::md5: return to_hex(digest_->finish());
        case Kind::md5_of_parts: break;
    }
    if (part_seen_bytes_ > 0 || part_digests_.empty()) part_digests_ += digest_->finish();
    Digest all("md5");
    all.add(part_digests_);
    return to_hex(all.finish()) + "-" + std::to_string(part_digests_.size() * 2 / md5_hex_size);
}

Status S3Check::finish() {
    if (seen_bytes_ != size_bytes_)
        return fail("damaged",
                    what_ + ": " + show_size(seen_bytes_) + " came of " + show_size(size_bytes_) +
                        ". Read it again.",
                    Retry::safe);
    const std::string got = found();
    if (got == expected_) return Done{};
    return fail("damaged",
                what_ + ": its " + std::string(kind()) + " is " + got +
                    ", but the service states " + expected_ +
                    ". Read it again; where that stays so, the object is damaged: restore another "
                    "version or copy. Where the service's ETags are no digests, say so with "
                    "etags: opaque.");
}

std::string_view S3Check::kind() const {
    switch (kind_) {
        case Kind::size: return "size";
        case Kind::crc64: return "crc64nvme";
        case Kind::sha256: return "sha256";
        case Kind::md5: return "md5";
        case Kind::md5_of_parts: break;
    }
    return "md5 of parts";
}

}  // namespace perilune
