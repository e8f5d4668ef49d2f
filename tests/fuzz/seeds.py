"""Where fuzzing begins, by target; what it has found is among it, and tried with all tests."""

from __future__ import annotations

_JSON = [
    b"{}",
    b"[]",
    b"null",
    b"1e999",
    b"NaN",
    b'"\\ud800"',
    b"[" * 2_000,
    b'{"a":' * 2_000,
    b"9" * 5_000,
]
_CHUNKS = [
    b"",
    b'"a","b"\n"1","2"\n',
    b"a,b\r\n1,2\r\n",
    b'\xef\xbb\xbf"b","a"\n"1","2"\n',
    b'"x""y","1\n2"\n',
    b'"x",y\nz,"\r\n"\n',
    b'"open,2\n',
    b"<html>",
    b"\xff\xfe,\x00\n",
    b"\x1f,\x1f\n",
    b",\n,\n",
    b",b\ra,b",
    b"\xef\xbb",
]
_RECORD = b'{"type":"RECORD","stream":"a","record":{"N":1.50,"T":"\xc3\xa9"}}\n'
_LINES = [
    _RECORD,
    b'{"type":"SCHEMA","stream":"a","schema":{"properties":{"N":{}}},"key_properties":["N"]}\n',
    b'{"type":"STATE","value":{"at":1.0}}\n',
    b'{"type":"BATCH","stream":"a","encoding":{"format":"jsonl"},"manifest":["file:///x"]}\n',
    b'{"type":"ACTIVATE_VERSION","stream":"a","version":1}\n',
    b"\xef\xbb\xbf" + _RECORD + b"\n\n" + _RECORD,
    _RECORD.replace(b"1.50", b"NaN"),
    _RECORD.replace(b"1.50", b"9" * 5_000),
    _RECORD.replace(b"1.50", b"[" * 200 + b"]" * 200),
    _RECORD.replace(b"\xc3\xa9", b"\xe9"),
    _RECORD.replace(b"\xc3\xa9", b"\\ud800"),
]

SEEDS: dict[str, list[bytes]] = {
    "chunk": _CHUNKS,
    "typed_chunk": [
        b'"Gsid","n","t"\n"1","1.50","2022-06-23T09:37:02.000Z"\n',
        b'"1","","1655977022000"\n',
        b"1,+.5e3,2022-06-23 09:37:02.5\n",
        *_CHUNKS,
    ],
    "piece": [bytes([width]) + chunk for chunk in _CHUNKS for width in (1, 2)],
    "cell": [
        b"0.00000000",
        b"+.5",
        b"007",
        b"1e5",
        b"1e9999999999999999999999",
        b"TRUE",
        b"2022-06-23",
        b"2022-02-30",
        b"2022-06-23T09:37:02.000Z",
        b"2022-06-23 09:37:02.5+05:30",
        b"0001-01-01T00:00:00+23:59",
        b"9999-12-31T23:59:59-23:59",
        b"1655977022000",
        b"-62135596800000",
        "\u0661\u0662".encode(),
    ],
    "converted": [
        b'"1e5"',
        b"1.0",
        b"1655977022000.0",
        b'" 2022-06-23 "',
        b"true",
        b"[1,null]",
        *_JSON,
    ],
    "envelope": [
        b'{"result":true,"data":[1.50]}',
        b'{"result":false,"errorCode":"GSOBJ_1002","errorDesc":"no","requestId":"1"}',
        b'{"access_token":"abc","expires_in":3600}',
        b'{"result":true,"data":"\\ud83d\\ude00\\ud83d"}',
        b"<html>",
        *_JSON,
    ],
    "where": [
        b'{"conditions":[{"name":"f0","alias":"A","operator":"EQ","value":["x"]}],"expression":"A"}',
        b'{"conditions":[{"name":"f6","operator":"BTW","value":[1,2]}]}',
        (
            b'{"conditions":[{"name":"f0","alias":"x","operator":"EQ","value":1},'
            b'{"name":"f7","alias":"y","operator":"IS_NULL"}],"expression":"(x AND y) OR (x)"}'
        ),
        b'{"conditions":[1]}',
        b'{"conditions":[{"alias":"A","operator":"EQ","value":["x"]}],"expression":"A"}',
        b'{"conditions":{"a":1}}',
        b'{"conditions":"ab"}',
        b'{"conditions":[{"name":"f0","alias":"A","operator":["EQ"],"value":{}}],"expression":{"A":1}}',
        *_JSON,
    ],
    "singer": [*_LINES, *(line + b"\n" for line in _JSON)],
    "batch_file": [b'{"N":1.50}\n{"N":2}\n', b'\n{"N":NaN}', b'{"N":"\xe9"}', *_JSON],
    "settings": [
        b'{"streams":[{"name":"s","object":"company","filter":{"conditions":[]}}]}',
        b'{"streams":[1]}',
        b'{"start_date":"2022-06-23","objects":["*"],"max_rejects":"1"}',
        b'{"batch_config":{"encoding":{"format":"jsonl"},"storage":{"root":"x"}}}',
        b'{"domain":"a b","request_timeout":1e999,"oauth_client_id":"x"}',
        b'{"request_timeout":"9999999999","dry_rnu":true}',
        b'{"stream_maps":{"a":{"b":"c"}},"fields":{"a":1},"lookups":{"a":{}},"keys":["a"]}',
        *_JSON,
    ],
    "catalog": [
        (
            b'{"streams":[{"tap_stream_id":"company","stream":"company","key_properties":["Gsid"],'
            b'"replication_key":"ModifiedDate","schema":{"type":"object","properties":{"Gsid":'
            b'{"type":"string"},"ModifiedDate":{"type":"string","format":"date-time"}}},"metadata":['
            b'{"breadcrumb":[],"metadata":{"selected":true,"table-key-properties":["Gsid"]}},'
            b'{"breadcrumb":["properties","Gsid"],"metadata":{"inclusion":"automatic"}}]}]}'
        ),
        b'{"streams":[{"tap_stream_id":"x","schema":{"properties":{"a":{}}},"metadata":[]}]}',
        b'{"streams":[{"tap_stream_id":"x","schema":{"properties":[]}}]}',
        b'{"streams":[{"tap_stream_id":"x","schema":{}}]}',
        b'{"streams":[{"tap_stream_id":"x","schema":{"properties":{"a":1}}}]}',
        *_JSON,
    ],
    "state": [
        b'{"bookmarks":{"company":{"replication_key":"ModifiedDate"}}}',
        b'{"type":"STATE","value":{"bookmarks":{"a":null}}}',
        b'{"bookmarks":[]}',
        b"{}\n{}\n",
        *_JSON,
    ],
    "letters": [
        (
            b'{"stream":"a","object":"b","operation":"upsert","record":{"N":1.0},'
            b'"errors":[{"code":"A_1","message":"no","field":"N"}]}\n'
        ),
        b'{"stream":"a","raw":"x"}\nhalf',
        *_JSON,
    ],
}
