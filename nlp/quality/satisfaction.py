from nlp.quality.result import Satisfaction
def judge(transcript, texts, sentiments): return Satisfaction(1.0,.5)
