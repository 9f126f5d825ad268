package org.edgernn.bundle

// Written by tests/conformance/tflite_forms.py from edgernn/bundle/tflite; change it there.

/** The operators that an exported .tflite file may hold, and in which form each. */
internal object TfliteForms {
    /** Letters of tensors by the number of their type; in upper case they are constants. */
    val LETTERS: Map<Int, Char> = mapOf(0 to 'f', 1 to 'h', 9 to 'p', 7 to 's', 2 to 'i', 6 to 'b')

    /** The letters of tensors with one scale, in which 0 stands for 0. */
    val QUANTIZED: Map<Int, Char> = mapOf(9 to 'q', 7 to 't', 2 to 'w')

    /** The letters of tensors with one scale, in which another number stands for 0. */
    val SHIFTED: Map<Int, Char> = mapOf(9 to 'a')

    /** The letters of variables, by what they would be. */
    val VARIABLES: Map<Char, Char> = mapOf('f' to 'v', 'q' to 'u', 'a' to 'u', 't' to 'y')

    /** Bytes of an element by the number of its type. */
    val SIZES: Map<Int, Int> = mapOf(0 to 4, 1 to 2, 9 to 1, 7 to 2, 2 to 4, 6 to 1)

    /** Metadata that the converter and the exporter write; the engine acts on others. */
    val METADATA: Set<String> =
        setOf(
            "CONVERSION_METADATA",
            "TFLITE_METADATA",
            "min_runtime_version",
            "reduced_precision_support",
        )

    /** What ids become: the operator and the kinds of its inputs, and the kind that it gives. */
    val HASHES: Map<List<String>, String> by lazy {
        HASH_LINES.split("\n").associate {
            it.substringBefore("=").split(",") to it.substringAfter("=")
        }
    }

    /** Forms by the number of their operator. */
    val FORMS: Map<Int, Form> by lazy {
        FORM_LINES.split("\n").map { Form.read(it) }.associateBy { it.code }
    }

    private const val HASH_LINES =
        """MUL,ids,constant=scaled
MUL,spread,constant=scaled
FLOOR_MOD,scaled,constant=spread
RESHAPE,spread,constant=tokens
RESHAPE,ids,constant=tokens
PAD,tokens,constant=padded
STRIDED_SLICE,padded,constant,constant,constant=shifted
MUL,tokens,constant=product
MUL,shifted,constant=product
ADD,product,constant=hashed
ADD,hashed,product=hashed
FLOOR_MOD,hashed,constant=bucket
GATHER,constant,bucket=found
CAST,found=held
EQUAL,held,bucket=
GATHER,constant,ids=
GATHER,,bucket=
GATHER,,ids=
SHAPE,ids="""

    /** See [Form.read]. */
    private const val FORM_LINES =
        """101 ABS f>f 0
0 ADD [fF]{2}>f|[iI]{2}>i 11 b0,1,3 B0,1
159 BITCAST s>h 0
53 CAST [pib]>f|p>i 0
2 CONCATENATION f{2,8}>f|[qa]{2,8}>[qa]|[iI]{2,8}>i 10 i b0
6 DEQUANTIZE [qahH]>f|H>v 0
3 CONV_2D fF{2}>f 1 b0,1 i1..4096 i1..4096 b0,1,3,4 i0..4096 i0..4096 b0
42 DIV f[fF]>f 29 b0
151 DYNAMIC_UPDATE_SLICE ffi>f 0
111 ELU f>f 0
71 EQUAL ii>b 0
70 EXPAND_DIMS fI>f 52
94 FILL i[fF]>f 0
95 FLOOR_MOD iI>i 0
9 FULLY_CONNECTED f[fFQ][fF\-]>f|[qa]Q[W\-]>[qa] 8 b0,1,3,4 b0 B0 B0,1 b0
36 GATHER [fF]i>f|Qi>q|Ai>a|Pi>p|Si>s 23 i0 i0
98 LEAKY_RELU f>f 75 I
58 LESS i[iI]>b 0
14 LOGISTIC f>f|[qa]>[qa] 0
55 MAXIMUM f[fF]>f 0
17 MAX_POOL_2D f>f 5 b0,1 i1..4096 i1..4096 i1..4096 i1..4096 b0
40 MEAN fI>f|[qa]I>[qa] 27 B0,1
57 MINIMUM f[fF]>f 0
18 MUL f[fF]>f|iI>i 21 b0
59 NEG f>f 42
34 PAD iI>i 22
82 REDUCE_MAX fI>f|[qa]I>[qa] 27 B0,1
19 RELU f>f 0
22 RESHAPE fI>f|[qa]I>[qa]|iI>i 0
105 REVERSE_V2 fI>f|[qa]I>[qa] 0
76 RSQRT f>f 0
77 SHAPE [fi]>i 55 b2
25 SOFTMAX f>f 9 I1065353216
49 SPLIT If>f{2,4} 35 i#
102 SPLIT_V fII>f{2,4} 79 i#
45 STRIDED_SLICE fIII>f|[qa]III>[qa]|iIII>i 32 i i i0 i0 i B0
41 SUB [fF]f>f 28 b0 B0,1
74 SUM fI>f 27 B0,1
28 TANH f>f|[qa]>[qa] 0
39 TRANSPOSE fI>f 0
44 UNIDIRECTIONAL_SEQUENCE_LSTM f(?:Q{8}|[fF]{8})---[fF]{4}--vv---->f|[qa]Q{8}---W{4}--uy---->[qa]~f{4}[qa] 71 b4 I0 I0 B0 B0,1 B0
35 UNIDIRECTIONAL_SEQUENCE_RNN f(?:Q{2}|[fF]{2})[fF]v>f 31 B0 b4 B0,1
119 WHILE [fFiIv]{2,16}>[fi]{2,16} 93 i i"""
}
