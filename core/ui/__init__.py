"""What all pages share: cached loaders, widgets, the frame; below it nothing imports Streamlit."""
