// Comparing a folder with another storage target.
#include "bindings/storage/folder_handlers.h"

namespace perilune {

void add_folder_comparisons(Operations& operations, const std::shared_ptr<Folder>& folder) {
    operations["compare"] =
        observe_with_port(folder, "with", [folder](Call& call, ObjectPort& other) {
            return compare_objects(call, folder->store->target(), *folder->objects, other,
                                   OwnDigests::of_bytes);
        });
}

}  // namespace perilune
