// Comparing a place with another storage target.
#include "bindings/storage/store_handlers.h"

namespace perilune {

void add_store_comparisons(Operations& operations, const std::shared_ptr<StorePlace>& place) {
    operations["compare"] =
        observe_with_port(place, "with", [place](Call& call, ObjectPort& other) {
            return compare_objects(call, place->store->target(), *place->objects, other,
                                   OwnDigests::of_bytes);
        });
}

}  // namespace perilune
