// Folders for the files of one call each, and the names of files that may lie in them.
#include "bindings/database/scratch_folder.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "bindings/database/backup_files.h"
#include "tests/support/temporary_folder.h"

namespace perilune::test {

TEST_CASE("folders_of_a_host_that_died_are_removed_and_those_in_use_are_not") {
    const TemporaryFolder folder;
    const std::string parent = folder.path("scratch");
    auto used = ScratchFolder::make(parent);
    REQUIRE(used.ok());
    std::ofstream((*used)->path() + "/toc.dat") << "in use";
    // What a host leaves that is killed: a folder, and its lock, which nobody holds.
    const std::string dead = parent + "/0011223344556677";
    std::filesystem::create_directories(dead + "/dump");
    std::ofstream(dead + "/dump/toc.dat") << "left";
    std::ofstream(dead + ".lock") << "";
    remove_stale_folders(parent);
    CHECK_FALSE(std::filesystem::exists(dead));
    CHECK_FALSE(std::filesystem::exists(dead + ".lock"));
    CHECK(std::filesystem::exists((*used)->path() + "/toc.dat"));
    const std::string path = (*used)->path();
    used->reset();
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(std::filesystem::is_empty(parent));
}

TEST_CASE("names_of_files_lead_nowhere_else") {
    for (const char* name : {"toc.dat", "3456.dat", "blobs.toc", "blob_16401.dat", "blobs_12.toc"})
        CHECK_MESSAGE(is_dump_file(name), name);
    for (const char* name : {"", ".dat", "../toc.dat", "a/1.dat", "/etc/passwd", "x1.dat",
                             "1.dat.gz", "blob_.dat", "toc.dat\n", "blob_..dat"})
        CHECK_FALSE_MESSAGE(is_dump_file(name), name);
}

}  // namespace perilune::test
