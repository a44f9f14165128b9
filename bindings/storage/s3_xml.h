// The XML that S3 speaks: elements and text (XML 1.0), without what its answers never have.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

struct XmlElement {
    std::string name;  // Without the prefix of its namespace.
    std::string text;  // All text straight within it.
    std::vector<XmlElement> children;

    // The first child of that name; null where there is none.
    const XmlElement* child(std::string_view child_name) const;
    // The text below "Outer/Inner"; empty where there is none.
    const std::string& at(std::string_view path) const;
    bool has(std::string_view path) const;
    std::vector<const XmlElement*> all(std::string_view child_name) const;

    // Adds a child and returns this element, so that calls chain.
    XmlElement& add(std::string_view child_name, std::string_view child_text);
    XmlElement& add(XmlElement element);
    bool operator==(const XmlElement&) const = default;
};

// Reads a document. Attributes are passed over, and a document type is refused: entities of its own
// could make a short text long.
Result<XmlElement> read_xml(std::string_view text);

// Writes an element with all below it. Bytes that XML has no form for are refused by S3 itself.
std::string write_xml(const XmlElement& element);
// As a request's body: with the declaration and, for AWS, the namespace.
std::string write_xml_document(const XmlElement& element);

}  // namespace perilune
