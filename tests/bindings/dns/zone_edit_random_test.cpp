// Random edits of a freely written zone, compared with a model and with BIND's own reader.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include <unistd.h>

#include <doctest/doctest.h>

#include "bindings/dns/zone_edit.h"
#include "bindings/dns/zone_ttl.h"
#include "tests/support/temporary_folder.h"

using namespace perilune;
using namespace perilune::test;

namespace {

using Model = std::map<std::pair<std::string, std::string>, RecordSet>;

// A zone with every freedom of writing that RFC 1035 gives.
constexpr std::string_view messy_zone =
    "; top\r\n"
    "@ 1h IN SOA ns1 host\\.master (\n 42 ; serial\n 1h 15m ; more\n 1w 5m )\n"
    "\tNS\tns1 ; first\n"
    "\tIN 60m NS ns2\n\n"
    "ns1 A 127.0.0.1\nns2 10 A (127.0.0.2)\n"
    "$TTL 2h\n"
    "www\t\tA\t192.0.2.1\n"
    "   AAAA 2001:db8::1 ; six\n"
    "   TXT ( \"a; b\" ; inside\n   c ) ; outside\n"
    "$ORIGIN sub.example.com.\n"
    "a 5 IN CNAME www.example.com.\n"
    "@ MX 10 a\n"
    "$ORIGIN example.com.\n"
    "; end\n"
    "z CAA 0 issue \"ca.example.net\"";

class Chance {
public:
    explicit Chance(unsigned seed) : engine_(seed) {}
    unsigned below(unsigned count) { return static_cast<unsigned>(engine_() % count); }

    RecordSet set() {
        static const char* names[] = {"@", "www", "a", "b.sub", "sub", "ns1", "z"};
        static const char* types[] = {"A", "AAAA", "TXT", "MX"};
        RecordSet made{names[below(7)], types[below(4)], {}, below(4) * 300, {}};
        for (unsigned count = 1 + below(3); count > 0; --count) {
            const std::string number = std::to_string(1 + below(9));
            made.values.push_back(made.type == "A"      ? "192.0.2." + number
                                  : made.type == "AAAA" ? "2001:db8::" + number
                                  : made.type == "MX"   ? number + " mx.example.net"
                                                        : "text \"; " + number);
        }
        std::sort(made.values.begin(), made.values.end());
        made.values.erase(std::unique(made.values.begin(), made.values.end()), made.values.end());
        if (below(3) == 0) made.comment = below(2) == 0 ? "" : "note " + std::to_string(below(9));
        return made;
    }

private:
    std::mt19937 engine_;
};

Model model_of(const ZoneText& zone) {
    Model model;
    for (auto& set : record_sets(zone))
        if (set.type != "SOA") model[{set.name, set.type}] = set;
    return model;
}

// What the model says, compared without comments: those of lines that are gone are gone.
bool same(const Model& left, const Model& right) {
    if (left.size() != right.size()) return false;
    for (const auto& [key, set] : left) {
        const auto found = right.find(key);
        if (found == right.end() || found->second.values != set.values) return false;
        if (found->second.ttl_s != set.ttl_s) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("random_edits_leave_what_was_meant_and_every_other_line") {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Chance chance(seed);
        auto zone = parse_zone(messy_zone, "example.com", "zone");
        REQUIRE_MESSAGE(zone.ok(), zone.error().message);
        Model model = model_of(*zone);
        for (int step = 0; step < 25; ++step) {
            CAPTURE(step);
            RecordSet wanted = chance.set();
            const bool remove = chance.below(3) == 0 && wanted.name + wanted.type != "@NS";
            const auto before = serial_of(*zone);
            if (remove) {
                remove_record_set(*zone, wanted.name, wanted.type);
                model.erase({wanted.name, wanted.type});
            } else {
                REQUIRE(put_record_set(*zone, wanted).ok());
                model[{wanted.name, wanted.type}] = wanted;
            }
            const auto text = finish_edit(*zone, 20260301);
            REQUIRE_MESSAGE(text.ok(), text.error().message);
            zone = parse_zone(*text, "example.com", "zone");
            REQUIRE_MESSAGE(zone.ok(), zone.error().message);
            CHECK(same(model, model_of(*zone)));
            CHECK(serial_after(serial_of(*zone), before));
            if (!remove && wanted.comment)
                CHECK(find_record_set(*zone, wanted.name, wanted.type)->comment.value_or("") ==
                      *wanted.comment);
            for (const auto* kept :
                 {"; top\r\n", "; end\n", " ; more\n", "$ORIGIN sub.example.com."})
                CHECK(text->find(kept) != std::string::npos);
        }
    }
}

TEST_CASE("stock_tools_read_the_edited_zone_as_we_do") {
    if (::access("/usr/bin/named-checkzone", X_OK) != 0) {
        MESSAGE("named-checkzone (bind9-utils) is not installed; nothing was compared");
        return;
    }
    TemporaryFolder folder;
    for (unsigned seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        Chance chance(seed);
        auto zone = parse_zone(messy_zone, "example.com", "zone");
        REQUIRE(zone.ok());
        REQUIRE(
            put_record_set(
                *zone,
                {"odd", "TXT", {"say \"hi\" \\ ü; (x)", std::string(400, 'y')}, 60, "note; (odd"})
                .ok());
        for (int step = 0; step < 15; ++step) REQUIRE(put_record_set(*zone, chance.set()).ok());
        const auto text = finish_edit(*zone, 20260301);
        REQUIRE_MESSAGE(text.ok(), text.error().message);
        folder.write("zone", *text);
        const std::string command = "/usr/bin/named-checkzone -q -i none -k ignore -D -o " +
                                    folder.path("dump") + " example.com " + folder.path("zone") +
                                    " > " + folder.path("said") + " 2>&1";
        REQUIRE_MESSAGE(std::system(command.c_str()) == 0, *text);
        const auto dumped = parse_zone(folder.read("dump"), "example.com", "dump");
        REQUIRE_MESSAGE(dumped.ok(), dumped.error().message);
        CHECK(same(model_of(*zone), model_of(*dumped)));
        CHECK(serial_of(*zone) == serial_of(*dumped));
    }
}
