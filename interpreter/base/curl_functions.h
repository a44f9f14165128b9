// The functions of libcurl that the program calls, loaded at the first call. To be
// included after curl's own header, as only the files that adapt curl do.
#pragma once

#include "interpreter/base/late_library.h"

namespace perilune {

template <FixedText name, typename Function>
using CurlFunction = LateFunction<curl_library, name, Function>;

inline constexpr CurlFunction<"curl_easy_cleanup", decltype(::curl_easy_cleanup)> curl_easy_cleanup;
inline constexpr CurlFunction<"curl_easy_getinfo", decltype(::curl_easy_getinfo)> curl_easy_getinfo;
inline constexpr CurlFunction<"curl_easy_init", decltype(::curl_easy_init)> curl_easy_init;
inline constexpr CurlFunction<"curl_easy_perform", decltype(::curl_easy_perform)> curl_easy_perform;
inline constexpr CurlFunction<"curl_easy_setopt", decltype(::curl_easy_setopt)> curl_easy_setopt;
inline constexpr CurlFunction<"curl_easy_strerror", decltype(::curl_easy_strerror)>
    curl_easy_strerror;
inline constexpr CurlFunction<"curl_global_init", decltype(::curl_global_init)> curl_global_init;
inline constexpr CurlFunction<"curl_multi_add_handle", decltype(::curl_multi_add_handle)>
    curl_multi_add_handle;
inline constexpr CurlFunction<"curl_multi_cleanup", decltype(::curl_multi_cleanup)>
    curl_multi_cleanup;
inline constexpr CurlFunction<"curl_multi_info_read", decltype(::curl_multi_info_read)>
    curl_multi_info_read;
inline constexpr CurlFunction<"curl_multi_init", decltype(::curl_multi_init)> curl_multi_init;
inline constexpr CurlFunction<"curl_multi_remove_handle", decltype(::curl_multi_remove_handle)>
    curl_multi_remove_handle;
inline constexpr CurlFunction<"curl_multi_setopt", decltype(::curl_multi_setopt)> curl_multi_setopt;
inline constexpr CurlFunction<"curl_multi_socket_action", decltype(::curl_multi_socket_action)>
    curl_multi_socket_action;
inline constexpr CurlFunction<"curl_slist_append", decltype(::curl_slist_append)> curl_slist_append;
inline constexpr CurlFunction<"curl_slist_free_all", decltype(::curl_slist_free_all)>
    curl_slist_free_all;
inline constexpr CurlFunction<"curl_strequal", decltype(::curl_strequal)> curl_strequal;

}  // namespace perilune
