// The vocabulary of `storage`: its rows put together, and the records that they give.
#include "bindings/storage/storage.h"

#include <algorithm>

#include "bindings/storage/storage_bulk_changes.h"
#include "bindings/storage/storage_changes.h"
#include "bindings/storage/storage_observes.h"

namespace perilune {

namespace {

constexpr auto join_rows() {
    std::array<Operation,
               storage_observes.size() + storage_changes.size() + storage_bulk_changes.size()>
        rows{};
    auto place = std::copy(storage_observes.begin(), storage_observes.end(), rows.begin());
    place = std::copy(storage_changes.begin(), storage_changes.end(), place);
    std::copy(storage_bulk_changes.begin(), storage_bulk_changes.end(), place);
    return rows;
}

constexpr auto rows = join_rows();

constexpr std::array records = {
    Record{
        .name = "Object",
        .doc = "One object of a bucket or folder.",
        .fields =
            {{{.name = "key", .type = "text", .doc = "Its key, relative to the prefix."},
              {.name = "size_bytes", .type = "number", .doc = "The size of its content."},
              {.name = "digest",
               .type = "text?",
               .doc = "SHA-256 of its content in hexadecimal, where the provider knows it."},
              {.name = "modified_at", .type = "number", .doc = "When it was last written."},
              {.name = "version", .type = "text?", .doc = "Its version, where versions are kept."},
              {.name = "content_type",
               .type = "text?",
               .doc = "Its media type; a listing may leave it out."},
              {.name = "deleted",
               .type = "boolean?",
               .doc = "True for the mark that a deletion left among the versions."},
              {.name = "body", .type = "text?", .doc = "Its content: get only."}}},
    },
};

}  // namespace

constinit const Family storage_family = {
    .name = "storage",
    .doc = "One bucket or folder of objects. Keys are never outside its prefix.",
    .operations = rows,
    .records = records,
};

}  // namespace perilune
