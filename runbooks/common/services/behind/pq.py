"""Queries by libpq, with parameters, as rows of typed values: what SQL over HTTP is made of."""
import ctypes

PQ = ctypes.CDLL("libpq.so.5")
for name in ("PQconnectdb", "PQexecParams"):
    getattr(PQ, name).restype = ctypes.c_void_p
for name in ("PQerrorMessage", "PQresultErrorField", "PQfname", "PQgetvalue",
             "PQresultErrorMessage"):
    getattr(PQ, name).restype = ctypes.c_char_p
COMMAND_OK, TUPLES_OK, SQLSTATE = 1, 2, ord("C")
TYPES = {16: lambda text: text == "t", 20: str, 21: int, 23: int, 700: float, 701: float}


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Connection:
    def __init__(self, **words):
        said = " ".join(f"{name}='{value}'" for name, value in words.items())
        self.made = ctypes.c_void_p(PQ.PQconnectdb(said.encode()))
        if PQ.PQstatus(self.made) != 0:
            raise OSError(PQ.PQerrorMessage(self.made).decode())

    def close(self):
        PQ.PQfinish(self.made)

    def ask(self, query, params=()):
        """The fields' names and types, and the rows as maps; an int8 is a text, as Neon has it."""
        count = len(params)
        texts = (ctypes.c_char_p * max(count, 1))(
            *[None if one is None else str(one).encode() for one in params])
        result = ctypes.c_void_p(PQ.PQexecParams(self.made, query.encode(), count, None, texts,
                                                 None, None, 0))
        try:
            if PQ.PQresultStatus(result) not in (COMMAND_OK, TUPLES_OK):
                code = PQ.PQresultErrorField(result, SQLSTATE)
                raise Refused(code.decode() if code else "",
                              PQ.PQresultErrorMessage(result).decode())
            fields = [(PQ.PQfname(result, place).decode(), PQ.PQftype(result, place))
                      for place in range(PQ.PQnfields(result))]
            rows = [{name: self.value(result, row, place, kind)
                     for place, (name, kind) in enumerate(fields)}
                    for row in range(PQ.PQntuples(result))]
            return fields, rows
        finally:
            PQ.PQclear(result)

    @staticmethod
    def value(result, row, place, kind):
        if PQ.PQgetisnull(result, row, place):
            return None
        return TYPES.get(kind, str)(PQ.PQgetvalue(result, row, place).decode())
