// Fencing by stopping the server, for every driver that can.
#pragma once

#include "tests/bindings/database/database_rig.h"

namespace perilune::test {

inline void check_fence_by_stop(DatabaseRig& rig) {
    if (!rig.has("fence")) return;
    rig.fill();
    const Map stop = {{"how", "stop"}};
    const auto fenced = rig.change("fence", stop);
    if (fenced.code() == "not_supported") return;
    INFO(fenced.message());
    REQUIRE(fenced.ok());
    CHECK(fenced.value()["how"].text() == "stop");
    CHECK(fenced.value()["changed"].boolean());
    CHECK_FALSE(rig.execute("delete from items").ok());
    CHECK(rig.count("items") == -1);
    const auto again = rig.change("fence", stop);
    CHECK(again.ok());
    CHECK(again.already_so);
    const auto open = rig.rig->undo(fenced);
    INFO(open.message());
    REQUIRE(open.ok());
    CHECK(open.value()["how_before"].text() == "stop");
    CHECK(rig.count("items") == 5);
    CHECK(rig.execute("delete from items").ok());
    CHECK(rig.change("unfence").already_so);
}

}  // namespace perilune::test
