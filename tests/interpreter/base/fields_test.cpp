// Dotted names of fields in nested data.
#include <doctest/doctest.h>

#include "interpreter/base/fields.h"
#include "interpreter/base/json.h"

namespace perilune::test {

TEST_CASE("finds_fields_by_dotted_names") {
    const Value whole = from_json(R"({"a":{"b.c":[1,[2,{"d":"x"}]]},"e":null,"f":[]})").value();
    CHECK(find_field(whole, "a[\"b.c\"][0]").number() == 1);
    CHECK(find_field(whole, "a[\"b.c\"][1][1].d").text() == "x");
    CHECK(find_field(whole, "a[\"b.c\"][-1][0]").number() == 2);
    CHECK(find_field(whole, "").has("a"));
    for (const std::string absent :
         {"a.b", "a.b.c", "a[0]", "e.x", "f[0]", "f[-1]", "zzz", "a[\"b.c\"][9]"})
        CHECK(find_field(whole, absent).is_nil());
    for (const std::string bad :
         {"a..b", ".a", "a.", "a[", "a[x]", "a[1", "a[]", "a]b", "a[1]b", "a[\"b]", "a[1.5]"})
        CHECK_MESSAGE(!check_field_name(bad).ok(), bad);
}

}  // namespace perilune::test
