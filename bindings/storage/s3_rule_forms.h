// A bucket's rules in the forms that runbooks write, and in S3's XML.
#pragma once

#include "bindings/storage/s3_place.h"
#include "bindings/storage/s3_xml.h"

namespace perilune {

// The rule by which this driver has old versions removed; it is no rule of set_lifecycle.
inline constexpr std::string_view s3_keep_old_rule = "perilune-keep-old-versions";

// { origins, methods, headers, expose, max_age, id? }
Value cors_from_xml(const XmlElement& rule);
Result<XmlElement> cors_to_xml(const Value& rule);

// { prefix, after, action, class?, id? }, where `action` is "expire", "move", "expire_old" or
// "abort_uploads". A rule that says more than that is { xml }, and may be written back as it is.
Value lifecycle_from_xml(const S3Place& place, const XmlElement& rule);
Result<XmlElement> lifecycle_to_xml(const S3Place& place, const Value& rule);

// Whether a lifecycle rule is about this target's part of the bucket.
bool is_own_rule(const S3Place& place, const XmlElement& rule);
// For how long old versions are kept by such a rule; 0 where it says nothing of them.
double keep_old_s(const XmlElement& rule);
XmlElement keep_old_rule(const S3Place& place, double keep_s);

// Seconds as whole days; refuses what is none: S3 counts in days.
Result<std::string> whole_days(double seconds, const std::string& what);

}  // namespace perilune
