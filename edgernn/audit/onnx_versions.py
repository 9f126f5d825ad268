"""Which ONNX Runtime first reads which ONNX: facts, as data.

Opsets, IR versions and the operators of `com.microsoft` are measured: each release of onnxruntime
from 1.16.0 to 1.31.0 was given a model of each, and read or refused it. They agree with
https://onnxruntime.ai/docs/reference/compatibility.html where that has the release. The names of
ONNX's operators and the opsets in which their definitions changed are those of onnx.defs 1.23.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "CHANGED",
    "IR_VERSIONS",
    "MICROSOFT",
    "OLDEST",
    "OPERATORS",
    "OPSETS",
    "OPSETS_ML",
]

OLDEST: Final = "1.16"
"""onnxruntime, of 2023: the oldest that files are tested on."""

OPSETS: Final[Mapping[int, str]] = {
    **dict.fromkeys(range(1, 20), "1.16"),
    **{20: "1.17", 21: "1.18", 22: "1.21", 23: "1.23", 24: "1.24", 25: "1.24", 26: "1.25"},
}
"""The first release that reads each opset of the default domain; a newer opset is refused whole,
whichever operators the graph has."""

OPSETS_ML: Final[Mapping[int, str]] = {1: "1.16", 2: "1.16", 3: "1.16", 4: "1.17", 5: "1.18"}
"""The same for the domain `ai.onnx.ml`."""

IR_VERSIONS: Final[Mapping[int, str]] = {
    **dict.fromkeys(range(1, 10), "1.16"),
    **{10: "1.18", 11: "1.23", 12: "1.24", 13: "1.24"},
}
"""The first release that reads each version of the file format."""

_MICROSOFT: Final[Mapping[str, str]] = {
    "1.16": (
        "Attention AttnLSTM BeamSearch BiasAdd BiasDropout BiasGelu BiasSoftmax BiasSplitGelu "
        "BifurcationDetector BitmaskBiasDropout BitmaskDropout CDist ComplexMul ComplexMulConj "
        "ConvTransposeWithDynamicPads CropAndResize DecoderAttention "
        "DecoderMaskedMultiHeadAttention DecoderMaskedSelfAttention DequantizeBFP "
        "DequantizeLinear DequantizeWithOrder DynamicQuantizeLSTM DynamicQuantizeMatMul "
        "EmbedLayerNormalization ExpandDims FastGelu FusedConv FusedGemm FusedMatMul "
        "FusedMatMulActivation GatedRelativePositionBias GatherND Gelu GemmFastGelu "
        "GreedySearch GridSample GroupNorm Inverse Irfft IsAllFinite LongformerAttention "
        "MatMulFpQ4 MatMulInteger16 MatMulIntegerToFloat MaxpoolWithMask MulInteger "
        "MultiHeadAttention MurmurHash3 NGramRepeatBlock NhwcConv NhwcFusedConv NhwcMaxPool "
        "PackedAttention PackedMultiHeadAttention Pad QAttention QEmbedLayerNormalization "
        "QGemm QLinearAdd QLinearAveragePool QLinearConcat QLinearConv "
        "QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearReduceMean "
        "QLinearSigmoid QLinearSoftmax QLinearWhere QOrderedAttention QOrderedGelu "
        "QOrderedLayerNormalization QOrderedLongformerAttention QOrderedMatMul QuantizeBFP "
        "QuantizeLinear QuantizeWithOrder QuickGelu Range ReduceSumInteger "
        "RelativePositionBias RemovePadding RestorePadding Rfft SampleOp Sampling "
        "SkipLayerNormalization SkipSimplifiedLayerNormalization Snpe SparseToDenseMatMul "
        "Tokenizer TorchEmbedding TransposeMatMul Trilu Unique WordConvEmbedding"
    ),
    "1.17": (
        "DynamicTimeWarping EPContext GemmFloat8 GroupQueryAttention MatMulBnb4 MatMulNBits "
        "MoE RotaryEmbedding SkipGroupNorm UnfoldTensor WhisperBeamSearch"
    ),
    "1.18": "GemmaRotaryEmbedding QMoE SparseAttention",
    "1.20": "GatherBlockQuantized",
    "1.23": "PagedAttention",
    "1.26": "CausalConvWithState LinearAttention",
    "1.27": "MatMulNBitsMlp MatMulNBitsQkv",
    "1.29": (
        "GatedAdd GatedRMSNorm LinearAttentionGate MRotaryEmbedding "
        "MatMulBlockQuantizedFp4Weight MatMulBlockQuantizedFp8Weight"
    ),
    "1.30": "EngramGate GatedDeltaNet NGramHashMapping VarlenCausalConvWithState",
    "1.31": "VarlenNGramHashMapping",
}

MICROSOFT: Final[Mapping[str, str]] = {
    name: release for release, names in _MICROSOFT.items() for name in names.split()
}
"""The first release, of those measured, with each operator of `com.microsoft`."""

_CHANGED: Final[Mapping[int, str]] = {
    20: (
        "AffineGrid ConstantOfShape DFT Gelu GridSample ImageDecoder IsInf IsNaN ReduceMax "
        "ReduceMin RegexFullMatch StringConcat StringSplit"
    ),
    21: (
        "Cast CastLike Constant ConstantOfShape DequantizeLinear Flatten GroupNormalization "
        "Identity If Loop Pad QLinearMatMul QuantizeLinear Reshape Scan Shape Size Squeeze "
        "Transpose Unsqueeze"
    ),
    22: (
        "Acos Acosh Asin Asinh Atan Atanh AveragePool Bernoulli Conv ConvTranspose Cos Cosh "
        "DeformConv Det Dropout Elu EyeLike GRU GlobalAveragePool GlobalLpPool GlobalMaxPool "
        "GridSample HardSigmoid HardSwish InstanceNormalization LSTM LpNormalization LpPool "
        "MaxPool MaxRoiPool MaxUnpool Mish Multinomial NegativeLogLikelihoodLoss RNN "
        "RandomNormal RandomNormalLike RandomUniform RandomUniformLike RoiAlign Round Selu Sin "
        "Sinh Softplus Softsign Tan ThresholdedRelu"
    ),
    23: (
        "Attention Cast CastLike Constant ConstantOfShape DequantizeLinear Flatten Identity If "
        "Loop Pad QuantizeLinear RMSNormalization Reshape RotaryEmbedding Scan Shape Size "
        "Squeeze Transpose Unsqueeze"
    ),
    24: (
        "Attention Cast CastLike Constant ConstantOfShape DequantizeLinear Flatten Identity If "
        "Loop Pad QuantizeLinear Reshape Scan Shape Size SplitToSequence Squeeze Swish "
        "TensorScatter TopK Transpose Unsqueeze"
    ),
    25: (
        "Attention Cast CastLike Constant ConstantOfShape DequantizeLinear Flatten Identity If "
        "Loop Pad QuantizeLinear Reshape Scan Shape Size Squeeze Transpose Unsqueeze"
    ),
    26: "BitCast CumProd",
}

CHANGED: Final[Mapping[int, frozenset[str]]] = {
    opset: frozenset(names.split()) for opset, names in _CHANGED.items()
}
"""The operators whose definition an opset above 19 changed or brought; most changes are new types
of numbers."""

_UP_TO_19: Final = (
    "Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool "
    "BatchNormalization Bernoulli BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor "
    "BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Clip Col2Im Compress Concat "
    "ConcatFromSequence Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh "
    "CumSum DFT DeformConv DepthToSpace DequantizeLinear Det Div Dropout "
    "DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU "
    "Gather GatherElements GatherND Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool "
    "Greater GreaterOrEqual GridSample GroupNormalization HammingWindow HannWindow "
    "HardSigmoid HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LSTM "
    "LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop LpNormalization "
    "LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean "
    "MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Multinomial Neg "
    "NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot Optional "
    "OptionalGetElement OptionalHasElement Or PRelu Pad Pow QLinearConv QLinearMatMul "
    "QuantizeLinear RNN RandomNormal RandomNormalLike RandomUniform RandomUniformLike "
    "Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean "
    "ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence "
    "RoiAlign Round STFT Scan Scatter ScatterElements ScatterND Selu SequenceAt "
    "SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength "
    "SequenceMap Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax "
    "SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt "
    "Squeeze StringNormalizer Sub Sum Tan Tanh TfIdfVectorizer ThresholdedRelu Tile TopK "
    "Transpose Trilu Unique Unsqueeze Upsample Where Xor"
)

OPERATORS: Final = frozenset(_UP_TO_19.split()).union(*CHANGED.values())
"""The operators of ONNX's default domain up to opset 26."""
