"""Score a column of Parquet files with Apache Spark.

spark-submit examples/spark_score.py --input IN --output OUT --text-column review [--model FILE]
"""

import argparse

from pyspark.sql import SparkSession

import edgernn
from edgernn.spark import score_udf

parser = argparse.ArgumentParser(description="Score a column of Parquet files.")
parser.add_argument("--input", required=True, help="a Parquet file or folder")
parser.add_argument("--output", required=True, help="a folder that does not exist yet")
parser.add_argument("--text-column", required=True)
parser.add_argument("--model", help="an .onnx or .tflite file on the driver; default: pretrained")
options = parser.parse_args()

try:
    score = score_udf(options.model)
except edgernn.EdgernnError as error:
    parser.exit(error.exit_code, f"error: {error}\n")

spark = SparkSession.builder.appName("edgernn").getOrCreate()
frame = spark.read.parquet(options.input)
frame.withColumn("score", score(options.text_column)).write.parquet(options.output)
spark.stop()
