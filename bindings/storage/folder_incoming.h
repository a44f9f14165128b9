// An unfinished write of a folder: a hidden temporary file that is digested as it grows.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bindings/storage/beneath.h"
#include "bindings/storage/object_store.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/result.h"

namespace perilune {

class Incoming {
public:
    // Starts one in the hidden folder of `root`, which must outlive it.
    static Result<std::unique_ptr<Incoming>> start(int root);
    ~Incoming();  // Removes the file unless it was moved.

    Status write(std::string_view bytes);
    // Takes everything that `file` still has to read.
    Status write_from(int file);
    // Flushes the file; nothing may be written afterwards.
    Status finish();
    // Renames it to `name` in `folder`; returns 0 or an errno. Flushing the folder is left to
    // the caller.
    int move_to(int folder, const std::string& name);

    int file() const { return file_.get(); }
    double size_bytes() const { return size_bytes_; }
    const std::string& digest() const { return digest_text_; }  // After `finish`.

private:
    Incoming() = default;

    Descriptor folder_;
    Descriptor file_;
    std::string name_;  // Empty once it was moved.
    Digest digest_;
    std::string digest_text_;
    double size_bytes_ = 0;
};

// Removes unfinished writes that nobody has written to for `older_than_s`; gives their number.
// Where it is only to be counted, nothing is removed.
Result<double> sweep_incoming(int root, double older_than_s, Sweep sweep);

}  // namespace perilune
