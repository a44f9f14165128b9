// A simulator session on a small library of texts.
#pragma once

#include <map>
#include <string>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "interpreter/simulator/session.h"

namespace perilune::test {

class SimulatorRig {
public:
    explicit SimulatorRig(std::map<std::string, std::string> files, int probes = 0) {
        Value texts{Map{}};
        texts.set("perilune.yaml", "name: rig\nversion: 1.0.0\n");
        Value others{Map{}};
        for (const auto& [path, text] : files)
            (path.ends_with(".sql") ? others : texts).set(path, text);
        Value library;
        library.set("folder", "/nowhere")
            .set("texts", texts)
            .set("files", others)
            .set("drivers", Map{})
            .set("probes", probes);
        const List told = session.answer({"library", library});
        REQUIRE_MESSAGE(told[0].text() == "ready", to_json(Value(told)));
    }

    // The names of the tests of a file, loaded.
    List load(const std::string& path) {
        const List told = session.answer({"load", path});
        REQUIRE_MESSAGE(told[0].text() == "tests", to_json(Value(told)));
        return told[1].list();
    }

    Value test(int index) {
        const List told = session.answer({"test", index});
        REQUIRE_MESSAGE(told[0].text() == "result", to_json(Value(told)));
        return told[1];
    }

    void passes(int index) {
        const Value result = test(index);
        CHECK_MESSAGE(result["outcome"].text() == "passed", to_json(result));
    }

    SimulatorSession session;
};

}  // namespace perilune::test
