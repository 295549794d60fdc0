# A small public copy for anybody, see docs/hosting.md.
FROM python:3.11-slim

# pip's own variable: where torch is had for the CPU alone. The one that PyPI has brings gigabytes
# of libraries for NVIDIA's cards.
ARG PIP_EXTRA_INDEX_URL

RUN useradd --create-home --uid 1000 visitor
WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir -r requirements.txt -c constraints.txt
COPY . .
RUN python -m compileall -q Home.py core pages
USER visitor

# STREAMLIT_SERVER_ALLOWED_HOSTS: the names under which it is reached, separated by spaces; without
# it, those of the machine itself alone are answered.
ENV GLASSBOX_SHARED=1 PORT=8501
EXPOSE 8501
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import os, urllib.request as it; it.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/_stcore/health', timeout=3)"]
# A name for the browser keeps Streamlit from asking a host in the Internet for its own address.
# 0.0.0.0 is the container's own inside; who gets there, whoever starts it decides.
CMD ["sh", "-c", "exec python -m streamlit run Home.py --server.address 0.0.0.0 --server.port $PORT --browser.serverAddress localhost"]
