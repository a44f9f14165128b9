// What S3's refusals mean for a run (AWS, "Error responses").
#pragma once

#include "bindings/storage/s3_client.h"

namespace perilune {

// The error in an answer that is none of 2xx.
Error s3_error(const S3Place& place, const S3Request& request, const S3Answer& answer);

// Reads the XML of an answer that promised it. CompleteMultipartUpload and CopyObject send their
// 200 before they know the end, and may then send an error, or nothing (AWS, "CopyObject").
Status read_promised(const S3Place& place, const S3Request& request, S3Answer& answer);

// True where the same request may well succeed a moment later.
bool passes_soon(const Error& error);

}  // namespace perilune
