// The functions of libpq that the program calls, loaded at the first call. To be
// included after libpq's own header, as only the files that adapt libpq do.
#pragma once

#include "interpreter/base/late_library.h"

namespace perilune {

template <FixedText name, typename Function>
using PostgresFunction = LateFunction<postgres_library, name, Function>;

inline constexpr PostgresFunction<"PQcancel", decltype(::PQcancel)> PQcancel;
inline constexpr PostgresFunction<"PQclear", decltype(::PQclear)> PQclear;
inline constexpr PostgresFunction<"PQcmdStatus", decltype(::PQcmdStatus)> PQcmdStatus;
inline constexpr PostgresFunction<"PQconndefaults", decltype(::PQconndefaults)> PQconndefaults;
inline constexpr PostgresFunction<"PQconnectPoll", decltype(::PQconnectPoll)> PQconnectPoll;
inline constexpr PostgresFunction<"PQconnectStartParams", decltype(::PQconnectStartParams)>
    PQconnectStartParams;
inline constexpr PostgresFunction<"PQconnectionNeedsPassword",
                                  decltype(::PQconnectionNeedsPassword)>
    PQconnectionNeedsPassword;
inline constexpr PostgresFunction<"PQconninfoFree", decltype(::PQconninfoFree)> PQconninfoFree;
inline constexpr PostgresFunction<"PQconninfoParse", decltype(::PQconninfoParse)> PQconninfoParse;
inline constexpr PostgresFunction<"PQconsumeInput", decltype(::PQconsumeInput)> PQconsumeInput;
inline constexpr PostgresFunction<"PQencryptPasswordConn", decltype(::PQencryptPasswordConn)>
    PQencryptPasswordConn;
inline constexpr PostgresFunction<"PQerrorMessage", decltype(::PQerrorMessage)> PQerrorMessage;
inline constexpr PostgresFunction<"PQfinish", decltype(::PQfinish)> PQfinish;
inline constexpr PostgresFunction<"PQflush", decltype(::PQflush)> PQflush;
inline constexpr PostgresFunction<"PQfname", decltype(::PQfname)> PQfname;
inline constexpr PostgresFunction<"PQfreeCancel", decltype(::PQfreeCancel)> PQfreeCancel;
inline constexpr PostgresFunction<"PQfreemem", decltype(::PQfreemem)> PQfreemem;
inline constexpr PostgresFunction<"PQftype", decltype(::PQftype)> PQftype;
inline constexpr PostgresFunction<"PQgetCancel", decltype(::PQgetCancel)> PQgetCancel;
inline constexpr PostgresFunction<"PQgetResult", decltype(::PQgetResult)> PQgetResult;
inline constexpr PostgresFunction<"PQgetisnull", decltype(::PQgetisnull)> PQgetisnull;
inline constexpr PostgresFunction<"PQgetlength", decltype(::PQgetlength)> PQgetlength;
inline constexpr PostgresFunction<"PQgetvalue", decltype(::PQgetvalue)> PQgetvalue;
inline constexpr PostgresFunction<"PQisBusy", decltype(::PQisBusy)> PQisBusy;
inline constexpr PostgresFunction<"PQnfields", decltype(::PQnfields)> PQnfields;
inline constexpr PostgresFunction<"PQntuples", decltype(::PQntuples)> PQntuples;
inline constexpr PostgresFunction<"PQresultErrorField", decltype(::PQresultErrorField)>
    PQresultErrorField;
inline constexpr PostgresFunction<"PQresultErrorMessage", decltype(::PQresultErrorMessage)>
    PQresultErrorMessage;
inline constexpr PostgresFunction<"PQresultStatus", decltype(::PQresultStatus)> PQresultStatus;
inline constexpr PostgresFunction<"PQsendQuery", decltype(::PQsendQuery)> PQsendQuery;
inline constexpr PostgresFunction<"PQsendQueryParams", decltype(::PQsendQueryParams)>
    PQsendQueryParams;
inline constexpr PostgresFunction<"PQsetErrorVerbosity", decltype(::PQsetErrorVerbosity)>
    PQsetErrorVerbosity;
inline constexpr PostgresFunction<"PQsetNoticeProcessor", decltype(::PQsetNoticeProcessor)>
    PQsetNoticeProcessor;
inline constexpr PostgresFunction<"PQsetSingleRowMode", decltype(::PQsetSingleRowMode)>
    PQsetSingleRowMode;
inline constexpr PostgresFunction<"PQsetnonblocking", decltype(::PQsetnonblocking)>
    PQsetnonblocking;
inline constexpr PostgresFunction<"PQsocket", decltype(::PQsocket)> PQsocket;
inline constexpr PostgresFunction<"PQstatus", decltype(::PQstatus)> PQstatus;
inline constexpr PostgresFunction<"PQtransactionStatus", decltype(::PQtransactionStatus)>
    PQtransactionStatus;

}  // namespace perilune
