#include "bindings/storage/object_transfer.h"

#include <algorithm>
#include <map>

#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t piece_bytes = 1 << 20;

// Two targets' objects side by side, by key.
struct Sides {
    List missing;  // Objects that only the other has.
    std::vector<std::string> extra;
    List ours;     // Objects that both have, of the same size, and
    List theirs;   // the other's, in the same order.
    List resized;  // Objects of the other of another size than ours.
};

Result<Sides> match_objects(const std::string& prefix, ObjectPort& ours, ObjectPort& theirs) {
    const auto listed = theirs.list_objects(prefix);
    if (!listed) return listed.error();
    const auto own_listed = ours.list_objects(prefix);
    if (!own_listed) return own_listed.error();
    std::map<std::string, const Value*> unmatched;
    for (const auto& object : own_listed->list()) unmatched[object["key"].text()] = &object;
    Sides sides;
    for (const auto& object : listed->list()) {
        const auto mine = unmatched.find(object["key"].text());
        if (mine == unmatched.end()) {
            sides.missing.push_back(object);
            continue;
        }
        if ((*mine->second)["size_bytes"] == object["size_bytes"]) {
            sides.ours.push_back(*mine->second);
            sides.theirs.push_back(object);
        } else {
            sides.resized.push_back(object);
        }
        unmatched.erase(mine);
    }
    for (const auto& [key, object] : unmatched) sides.extra.push_back(key);
    return sides;
}

// Of the objects that both have: whether each is of the same bytes.
Result<std::vector<bool>> same_contents(const Call& call, const std::string& doing,
                                        ObjectPort& ours, ObjectPort& theirs, Sides& sides,
                                        OwnDigests own) {
    auto described = theirs.describe_objects(std::move(sides.theirs));
    if (!described) return described.error();
    sides.theirs = std::move(*described);
    if (own == OwnDigests::as_stated) {
        auto own_described = ours.describe_objects(std::move(sides.ours));
        if (!own_described) return own_described.error();
        sides.ours = std::move(*own_described);
    }
    std::vector<bool> same;
    for (std::size_t i = 0; i < sides.ours.size(); ++i) {
        if (auto stopped = stop_asked(call, doing)) return *stopped;
        const auto left = own == OwnDigests::of_bytes
                              ? digest_of_bytes(ours, sides.ours[i]["key"].text())
                              : digest_of_object(ours, sides.ours[i]);
        if (!left) return left.error();
        const auto right = digest_of_object(theirs, sides.theirs[i]);
        if (!right) return right.error();
        same.push_back(*left == *right);
    }
    return same;
}

Value keys_of(const List& objects) {
    List keys;
    for (const auto& object : objects) keys.push_back(object["key"]);
    return Value(std::move(keys));
}

}  // namespace

std::optional<Error> stop_asked(const Call& call, const std::string& what) {
    if (call.cancel->asked()) return fail("cancelled", what + " was told to stop.", Retry::safe);
    if (call.deadline_s > 0 && boot_now_s() > call.deadline_s)
        return fail("timed_out", what + " did not end in time. Give it more with `timeout`.",
                    Retry::safe);
    return std::nullopt;
}

Result<Value> stream_object(ObjectPort& from, const Value& object, ObjectPort& to,
                            const std::string& to_key, Call& call) {
    const std::string key = object["key"].text();
    // A listing may leave out what the copy shall have too.
    Result<List> described = List(1, object);
    if (!object.has("content_type")) described = from.describe_objects(std::move(*described));
    if (!described) return described.error();
    const Value& found = described->front();
    auto source = from.read_object(key);
    if (!source) return source.error();
    auto sink =
        to.begin_object({.key = to_key,
                         .size_bytes = found.has("size_bytes") ? found["size_bytes"].number() : -1,
                         .content_type = found["content_type"].text(),
                         .digest = found["digest"].text(),
                         .call = &call});
    if (!sink) return sink.error();
    double bytes = 0;
    for (;;) {
        auto piece = (*source)->read(piece_bytes);
        if (piece && piece->empty()) return (*sink)->commit();
        std::optional<Error> error = stop_asked(call, "Copying \"" + key + "\"");
        if (!piece) error = piece.error();
        if (!error)
            if (const auto written = (*sink)->write(*piece); !written) error = written.error();
        if (error) {
            (*sink)->abandon();
            return *error;
        }
        bytes += static_cast<double>(piece->size());
        call.tell(key + ": " + show_size(bytes));
    }
}

Result<std::string> digest_of_bytes(ObjectPort& port, const std::string& key) {
    auto source = port.read_object(key);
    if (!source) return source.error();
    Digest digest;
    for (;;) {
        const auto piece = (*source)->read(piece_bytes);
        if (!piece) return piece.error();
        if (piece->empty()) return to_hex(digest.finish());
        digest.add(*piece);
    }
}

Result<std::string> digest_of_object(ObjectPort& port, const Value& object) {
    if (object.has("digest")) return object["digest"].text();
    return digest_of_bytes(port, object["key"].text());
}

Result<Value> verify_objects(const Call& call, const std::string& target,
                             const std::function<Result<std::string>(const std::string&)>& digest) {
    List checks;
    std::string failures;
    for (const auto& [key, expected] : call.arguments["manifest"].map()) {
        auto digested = digest(key);
        if (!digested && digested.error().code != "not_found") return digested.error();
        const std::string found = digested ? *digested : "not there";
        const bool passed = found == expected.text();
        Value check;
        check.set("name", key).set("passed", passed).set("expected", expected).set("found", found);
        checks.push_back(std::move(check));
        if (!passed) failures += "\n  " + key + ": " + found + ", expected " + expected.text();
    }
    if (failures.empty()) return Value(std::move(checks));
    Error error = fail("check_failed", "Verifying the objects of " + target +
                                           " found these not as the manifest says:" + failures);
    error.detail = Value(std::move(checks));
    return error;
}

Result<Value> compare_objects(const Call& call, const std::string& target, ObjectPort& ours,
                              ObjectPort& theirs, OwnDigests own) {
    auto sides = match_objects(call.arguments["prefix"].text(), ours, theirs);
    if (!sides) return sides.error();
    std::vector<bool> same(sides->ours.size(), true);
    if (call.arguments["by"].text() == "digest") {
        auto found = same_contents(call, "Comparing " + target, ours, theirs, *sides, own);
        if (!found) return found.error();
        same = std::move(*found);
    }
    List different = keys_of(sides->resized).list();
    double same_count = 0;
    for (std::size_t i = 0; i < same.size(); ++i) {
        if (!same[i]) different.push_back(sides->ours[i]["key"]);
        same_count += same[i];
    }
    std::sort(different.begin(), different.end(),
              [](const Value& one, const Value& other) { return one.text() < other.text(); });
    Value result;
    result.set("missing", keys_of(sides->missing)).set("different", std::move(different));
    List extra;
    for (auto& key : sides->extra) extra.emplace_back(std::move(key));
    return result.set("extra", std::move(extra)).set("same", same_count);
}

Result<SyncWork> find_sync_work(const Call& call, const std::string& target, ObjectPort& ours,
                                ObjectPort& theirs) {
    const bool deletes = call.arguments["extra"].text() == "delete";
    if (deletes && !call.arguments.has("delete_at_most"))
        return fail("bad_argument", "storage:sync with extra = \"delete\" needs delete_at_most.");
    auto sides = match_objects(call.arguments["prefix"].text(), ours, theirs);
    if (!sides) return sides.error();
    const double most = call.arguments["delete_at_most"].number();
    if (deletes && static_cast<double>(sides->extra.size()) > most)
        return fail("too_many_deletions",
                    "Syncing " + target + " would delete " + count_of_objects(sides->extra.size()) +
                        " that the other target lacks, more than delete_at_most (" +
                        std::to_string(static_cast<long>(most)) +
                        "). Nothing was copied or deleted. Compare the two, then raise the limit.");
    const auto same =
        same_contents(call, "Syncing " + target, ours, theirs, *sides, OwnDigests::as_stated);
    if (!same) return same.error();
    SyncWork work;
    work.copies = std::move(sides->missing);
    for (auto& object : sides->resized) work.copies.push_back(std::move(object));
    for (std::size_t i = 0; i < same->size(); ++i) {
        work.unchanged += (*same)[i];
        if (!(*same)[i]) work.copies.push_back(std::move(sides->theirs[i]));
    }
    if (deletes) work.deletions = std::move(sides->extra);
    return work;
}

Value sync_result(double copied, double deleted, double unchanged, double copied_bytes) {
    Value result;
    result.set("copied", copied).set("deleted", deleted).set("unchanged", unchanged);
    result.set("copied_bytes", copied_bytes);
    return result.set("changed", copied + deleted > 0);
}

Status check_deletions(const std::string& target, std::size_t count, double most) {
    if (static_cast<double>(count) <= most) return Done{};
    return fail("too_many_deletions", "Deleting from " + target + " would remove " +
                                          count_of_objects(count) + ", more than delete_at_most (" +
                                          std::to_string(static_cast<long>(most)) +
                                          "). Nothing was deleted. Look at the list, then raise "
                                          "the limit or name fewer.");
}

std::string count_of_objects(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " object" : " objects");
}

}  // namespace perilune
